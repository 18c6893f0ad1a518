/** What becomes of a browser that keeps the app, and of pages that are open in it, while the server goes from release to release. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, expect, it } from 'vitest'
import { root, startStage } from '../../test/stage.ts'

const folder = await mkdtemp(join(tmpdir(), 'plinth-releases-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const shared = ['package.json', 'migrations', 'node_modules'].map((name) =>
  symlink(join(root, name), join(folder, name)),
)
await Promise.all([...shared, cp(join(root, 'dist'), join(folder, 'dist'), { recursive: true })])
const stage = await startStage({ folder, isFirstStart: true })

const web = (name: string) => join(folder, 'dist/web', name)

interface Shell {
  version: string
  files: string[]
}

const builtWorker = await readFile(web('service-worker.js'), 'utf8')
const [shellText = ''] = /\{"version":"[^}]*\}/.exec(builtWorker) ?? []
const built = JSON.parse(shellText) as Shell
let { files } = built

/** As a build with that version would be, in the place of the one before: one file more, and without `dropped`. */
async function release(version: string, { dropped = [] as string[], isBroken = false } = {}) {
  const own = `/assets/release-${version}.js`
  files = files.filter((file) => !dropped.includes(file))
  const shell = { ...built, version, files: [...files, own] }
  if (!isBroken) await writeFile(web(own), '')
  await writeFile(web('service-worker.js'), builtWorker.replace(shellText, JSON.stringify(shell)))
  const page = (await readFile(web('index.html'), 'utf8')).replace(/<meta name="release"[^>]*>/, '')
  await writeFile(web('index.html'), page.replace('<title>', `<meta name="release" content="${version}"><title>`))
  for (const file of ['service-worker.js', 'index.html', ...dropped])
    for (const ending of file.startsWith('/') ? ['', '.br', '.gz'] : ['.br', '.gz'])
      await rm(web(file + ending), { force: true })
  await stage.stopServer()
  await stage.startServer()
}

/** As the browser does by itself now and then. */
const look = (page: Page) =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready
    await registration.update().catch(() => {})
    const worker = registration.installing ?? registration.waiting
    const isOver = () => worker === null || worker.state === 'activated' || worker.state === 'redundant'
    while (!isOver()) await new Promise((resolve) => worker?.addEventListener('statechange', resolve, { once: true }))
  })

const kept = (page: Page) =>
  page.evaluate(async () => (await caches.keys()).map((name) => name.replace('plinth-shell-', '')))
const releaseOf = (page: Page) =>
  page.evaluate(() => document.querySelector<HTMLMetaElement>('[name=release]')?.content)

it('an open page has its own files as long as it may need them, and each visit and each reload the newest', async () => {
  stage.expectFault(/WebSocket|ERR_|status of 50\d|Failed to load/)
  const page = await stage.open('about:blank', { serviceWorkers: 'allow' })
  await stage.signIn(page)
  await look(page)
  expect(await kept(page)).toEqual([built.version])

  const dropped = built.files.filter((file) => file.startsWith('/assets/drafts-page-'))
  expect(dropped).not.toEqual([])
  await release('two', { dropped })
  expect((await page.request.get(dropped[0] as string)).status()).toBe(404)
  await look(page)
  expect(await kept(page)).toEqual([built.version, 'two'])
  await page.getByRole('link', { name: 'Drafts', exact: true }).first().click()
  await page.getByRole('heading', { level: 1, name: 'Drafts' }).waitFor()
  expect(await releaseOf(page)).toBeUndefined()

  await page.goto('/tasks')
  expect(await releaseOf(page)).toBe('two')
  await page.context().setOffline(true)
  await page.reload()
  await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor()
  expect(await releaseOf(page)).toBe('two')
  await page.context().setOffline(false)

  await release('three', { isBroken: true })
  await look(page)
  expect(await kept(page)).toEqual([built.version, 'two'])
  await release('four')
  await look(page)
  expect(await kept(page)).toEqual(['two', 'four'])
  await page.context().setOffline(true)
  await page.reload()
  await page.getByRole('heading', { level: 1, name: 'Tasks' }).waitFor()
  expect(await releaseOf(page)).toBe('four')
})
