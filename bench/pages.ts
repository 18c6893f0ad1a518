/**
 * How soon the built app paints, how long its script holds the page, and how far its parts move: Chromium with a processor four times as
 * slow and the network of a slow phone, an empty cache each time.
 *
 * node pages.ts [rounds]      default 5; needs `npm run build`
 */

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import { median, rounded } from './figures.ts'
import { freePort } from './plinth-process.ts'

const rounds = Number(process.argv[2] ?? 5)
const slowerProcessor = 4
/** Lighthouse's slow 4G: 1.6 Mbit/s, 150 ms. */
const network = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 93_750 }
const paths = [
  { path: '/', as: null },
  { path: '/sign-in', as: null },
  { path: '/', as: 'engineer' },
  { path: '/tasks', as: 'engineer' },
  { path: '/drifts', as: 'engineer' },
  { path: '/drifts/dashboard', as: 'engineer' },
]

const folder = await mkdtemp(join(tmpdir(), 'plinth-pages-'))
const port = await freePort()
const url = `http://localhost:${port}`
const secret = () => randomBytes(48).toString('base64')
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium-headless-shell',
  args: ['--no-sandbox', '--disable-gpu'],
})
const server = spawn(process.execPath, [join(import.meta.dirname, '../dist/main.js')], {
  env: {
    PATH: process.env.PATH,
    NODE_ENV: 'development',
    PORT: String(port),
    PUBLIC_URL: url,
    DATABASE_URL: `pglite://${join(folder, 'db')}`,
    USE_MOCK_AUTH: 'true',
    COOKIE_SECRET: secret(),
    JWT_ACCESS_SECRET: secret(),
    JWT_REFRESH_SECRET: secret(),
    LOG_LEVEL: 'error',
    RATE_LIMIT_ANONYMOUS: '1000000',
    RATE_LIMIT_SIGNED_IN: '1000000',
  },
  stdio: ['ignore', 'ignore', 'inherit'],
})
try {
  await ready()
  const table: Record<string, Record<string, number>> = {}
  for (const { path, as } of paths) {
    const visits: Awaited<ReturnType<typeof visit>>[] = []
    for (let round = 0; round < rounds; round++) visits.push(await visit(path, as))
    const of = (name: keyof (typeof visits)[number], digits = 0) =>
      rounded(median(visits.map((figures) => figures[name])), digits)
    table[`${path}${as ? ' signed in' : ''}`] = {
      'first paint ms': of('firstPaint'),
      'largest paint ms': of('largestPaint'),
      'blocking ms': of('blocking'),
      shift: of('shift', 4),
      scripts: of('scripts'),
      'script kB': of('scriptBytes'),
    }
  }
  console.log(`\nMedians of ${rounds} visits`)
  console.table(table)
} finally {
  await browser.close()
  const exited = once(server, 'exit')
  server.kill()
  await exited
  await rm(folder, { recursive: true, force: true })
}

async function visit(path: string, as: string | null) {
  const context = await browser.newContext({ baseURL: url, serviceWorkers: 'block' })
  const page = await context.newPage()
  if (as) await context.request.get(`/auth/google?demo=${as}&returnTo=%2F`)
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  await devtools.send('Network.emulateNetworkConditions', network)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: slowerProcessor })
  await page.addInitScript(() => {
    const seen = { largestPaint: 0, blocking: 0, shift: 0 }
    Object.assign(globalThis, { seen })
    const watch = (type: string, take: (entry: PerformanceEntry) => void) =>
      new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true })
    watch('largest-contentful-paint', ({ startTime }) => {
      seen.largestPaint = startTime
    })
    watch('longtask', ({ duration }) => {
      seen.blocking += duration - 50
    })
    watch('layout-shift', (entry) => {
      seen.shift += (entry as PerformanceEntry & { value: number }).value
    })
  })
  await page.goto(path, { waitUntil: 'networkidle' })
  await page.getByRole('heading', { level: 1 }).waitFor()
  const figures = await page.evaluate(() => {
    const { seen } = globalThis as unknown as { seen: { largestPaint: number; blocking: number; shift: number } }
    const firstPaint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN
    const files = performance.getEntriesByType('resource') as PerformanceResourceTiming[]
    const scripts = files.filter(({ name }) => name.includes('/assets/') && name.endsWith('.js'))
    const scriptBytes = scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0) / 1000
    return { ...seen, firstPaint, scripts: scripts.length, scriptBytes }
  })
  await context.close()
  return figures
}

async function ready(): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 100) {
    if (server.exitCode !== null) throw new Error('The server has ended; run it by hand to see why.')
    if (
      await fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return
    await delay(100)
  }
  throw new Error('The server was not ready within a minute.')
}
