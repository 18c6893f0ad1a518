/**
 * The built app: `dist/main.js` in a process of its own with a database of its own, a real OpenID provider, and Chromium.
 * What the page logs as an error, and what breaks the content security policy, fails the test.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, expect, inject } from 'vitest'
import { freePort } from '../../dev/free-port.ts'
import { startLocalProvider } from '../../dev/openid-provider.ts'
import { until } from '../../server/test/until.ts'

export const root = join(import.meta.dirname, '../..')
const statements = join(import.meta.dirname, 'statements.ts')

/** As that of `expect.poll`: see vitest.config.ts. */
const patienceMs = 120_000
const origins = new WeakMap<BrowserContext, string>()

const userIds = new Map<string, string>()

/** Of a demo user who has signed in at the page's stage before. */
export function userIdOf(page: Page, address: string): string {
  return userIds.get(`${origins.get(page.context())} ${address}`) ?? expect.unreachable(`${address} never signed in`)
}

/** What the page's user asks of the stage, as a page of the app would, though this one may be at none yet. Its answer. */
export async function post<Answer>(page: Page, path: string, data: Record<string, unknown>): Promise<Answer> {
  const headers = { origin: origins.get(page.context()) ?? '' }
  const answer = await page.request.post(path, { headers, data })
  expect(answer.ok(), await answer.text()).toBe(true)
  return answer.json()
}

/** What a page of these waits for longer than a few seconds, it waits a fifth of: for one that gets no answer at all. */
export const hurry = (pages: Page | BrowserContext) =>
  pages.addInitScript(() => {
    const wait = setTimeout
    globalThis.setTimeout = ((act: () => void, ms = 0) => wait(act, ms > 2000 ? ms / 5 : ms)) as typeof setTimeout
  })

type DemoPerson = 'admin' | 'engineer' | 'viewer'

export class Stage {
  readonly url: string
  readonly #chromium: Browser
  readonly #environment: Record<string, string>
  readonly #folder: string
  #server: ChildProcess
  #contexts: BrowserContext[] = []
  /** What went wrong in any page since the last test. */
  readonly #faults: string[] = []
  #expected: RegExp[] = []

  constructor(url: string, browser: Browser, environment: Record<string, string>, folder: string) {
    this.url = url
    this.#chromium = browser
    this.#environment = environment
    this.#folder = folder
    this.#server = this.#spawn()
  }

  /**
   * Another person's browser, or another device: nothing shared with any other. Without a path it is at none yet. It keeps no files
   * of the app, which each would have to fetch first.
   */
  async open(path?: string, options: BrowserContextOptions = {}): Promise<Page> {
    const always = { baseURL: this.url, reducedMotion: 'reduce', serviceWorkers: 'block' } as const
    const context = await this.#chromium.newContext({ ...always, ...options })
    this.#take(context)
    const page = await context.newPage()
    if (path !== undefined) await page.goto(path)
    return page
  }

  /**
   * A browser of its own in which the user has signed in, at no page yet: its requests can make what the first page is to show.
   * With cookies only, for a page has to exchange what it gets for tokens.
   */
  async openSignedIn(person: DemoPerson, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.open(undefined, options)
    const answer = await page.request.get(await this.#signInLink(page, person, '/'))
    expect(answer.url()).toBe(`${this.url}/`)
    await this.#noteUser(page, person)
    return page
  }

  /** One that keeps what it has in `folder`: closed with its context, and opened again there, it is the same person's browser. */
  async openAgain(folder: string): Promise<Page> {
    const options = { ...launchOptions(), baseURL: this.url, reducedMotion: 'reduce' as const }
    const context = await chromium.launchPersistentContext(folder, options)
    this.#take(context)
    return context.newPage()
  }

  /** A browser of its own in which the user has signed in, at `path`. */
  async openAs(person: DemoPerson, path = '/', options: BrowserContextOptions = {}): Promise<Page> {
    return this.signIn(await this.open(undefined, options), person, path)
  }

  /** By the links of the sign-in pages, which have tests of their own and are not drawn. */
  async signIn(page: Page, person: DemoPerson = 'engineer', path = '/'): Promise<Page> {
    await page.goto(await this.#signInLink(page, person, path))
    await page.waitForURL(new URL(path, this.url).href)
    await this.#noteUser(page, person)
    return page
  }

  async #noteUser(page: Page, person: DemoPerson): Promise<void> {
    const me = await page.request.get('/me')
    // With AUTH_SESSION_MODE=jwt only the requests of the page itself are signed in.
    if (me.ok()) userIds.set(`${this.url} ${person}@plinth.local`, (await me.json()).id)
  }

  async #signInLink(page: Page, person: DemoPerson, path: string): Promise<string> {
    const query = `returnTo=${encodeURIComponent(path)}`
    if (this.#environment.USE_MOCK_AUTH === 'true') return `${this.url}/auth/google?demo=${person}&${query}`
    const chooser = await page.request.get(`/auth/google?${query}`)
    const [, way = ''] = new RegExp(`href="([^"]+)"><strong>Demo ${person}<`).exec(await chooser.text()) ?? []
    return new URL(way, chooser.url()).href
  }

  /** Through the real button. */
  async signInByButton(page: Page, person: DemoPerson = 'engineer'): Promise<Page> {
    await page.goto('/sign-in')
    await page.getByRole('link', { name: 'Sign in with Google' }).click()
    await page.getByRole('link', { name: `Demo ${person}` }).click()
    await page.waitForURL(`${this.url}/`)
    return page
  }

  /** Faults that the test causes on purpose, such as the console line of a refused request. */
  expectFault(pattern: RegExp) {
    this.#expected.push(pattern)
  }

  async stopServer(): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return
    const ended = new Promise((resolve) => this.#server.once('exit', resolve))
    this.#server.kill('SIGTERM')
    await ended
  }

  async startServer(): Promise<void> {
    this.#server = this.#spawn()
    await this.ready()
  }

  /** What only time, or somebody at the database, would bring about. */
  async changeDatabase(statement: string): Promise<void> {
    const answer = once(this.#server, 'message')
    this.#server.send({ statement })
    const [failure] = await answer
    expect(failure, statement).toBe('')
  }

  /** All of the page's user, as time would. */
  async expireSessions(page: Page): Promise<void> {
    const { id } = await (await page.request.get('/me')).json()
    await this.changeDatabase(`update sessions set expires_at = now() where user_id = '${id}'`)
  }

  async ready(): Promise<void> {
    const isReady = () =>
      fetch(`${this.url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      )
    await until('the built server to be ready', isReady)
  }

  async closePages() {
    await Promise.all(this.#contexts.map((context) => context.close()))
    this.#contexts = []
    const faults = this.#faults.filter((fault) => !this.#expected.some((pattern) => pattern.test(fault)))
    this.#faults.length = 0
    this.#expected = []
    expect(faults, 'faults in the pages').toEqual([])
  }

  #spawn(): ChildProcess {
    return spawn(process.execPath, ['--import', statements, join(this.#folder, 'dist/main.js')], {
      env: { ...process.env, ...this.#environment },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
  }

  #take(context: BrowserContext) {
    this.#contexts.push(context)
    context.setDefaultTimeout(patienceMs)
    origins.set(context, this.url)
    context.on('page', (page) => this.#listen(page))
  }

  #listen(page: Page) {
    page.on('pageerror', (error) => this.#faults.push(`thrown: ${error.message}`))
    page.on('console', (message) => {
      // Calls of a page whose session has ended are refused with 401, and browsers log that as an error.
      if (message.type() === 'error' && !/status of 401/.test(message.text())) this.#faults.push(message.text())
    })
  }
}

interface StageOptions {
  /** The same app signs people in without a provider. */
  mock?: boolean
  /** Settings beside those that every stage has, or in their place. */
  environment?: Record<string, string>
  /** Of another copy of the built app. */
  folder?: string
  /** The server makes its database, as it does on a new machine. */
  isFirstStart?: boolean
}

/** One for a test file; it closes with it. */
export async function startStage(options: StageOptions = {}): Promise<Stage> {
  const { mock = false, environment = {}, folder = root, isFirstStart = false } = options
  const files = await mkdtemp(join(tmpdir(), 'plinth-stage-'))
  const database = join(files, 'db')
  if (!isFirstStart) await unpackDatabase(database)
  const [port, providerPort] = [await freePort(), await freePort()]
  const url = `http://localhost:${port}`
  const client = { clientId: 'stage', clientSecret: randomBytes(24).toString('hex') }
  const provider = mock
    ? null
    : await startLocalProvider(providerPort, { ...client, redirectUri: `${url}/auth/google/callback` })
  const secret = () => randomBytes(48).toString('base64')
  const settings = {
    // Mock sign-in is refused in production; everything else runs as it does there.
    NODE_ENV: mock ? 'development' : 'production',
    PORT: String(port),
    PUBLIC_URL: url,
    DATABASE_URL: `pglite://${database}`,
    USE_MOCK_AUTH: String(mock),
    GOOGLE_ISSUER: `http://localhost:${providerPort}`,
    GOOGLE_CLIENT_ID: client.clientId,
    GOOGLE_CLIENT_SECRET: client.clientSecret,
    COOKIE_SECRET: secret(),
    JWT_ACCESS_SECRET: secret(),
    JWT_REFRESH_SECRET: secret(),
    LOG_LEVEL: 'error',
    // All tests' people are at one address.
    RATE_LIMIT_ANONYMOUS: '1000000',
    RATE_LIMIT_SIGN_IN: '1000000',
    RATE_LIMIT_SIGNED_IN: '1000000',
    ...environment,
  }
  const stage = new Stage(url, await sharedChromium(), settings, folder)
  await stage.ready()
  afterEach(() => stage.closePages())
  afterAll(async () => {
    await stage.stopServer()
    provider?.closeAllConnections()
    provider?.close()
    await rm(files, { recursive: true, force: true })
  })
  return stage
}

/** What a first start makes, in a tenth of its time. */
async function unpackDatabase(folder: string): Promise<void> {
  await mkdir(folder)
  await promisify(execFile)('tar', ['-xf', inject('migratedDataDir'), '-C', folder])
}

let launched: Promise<Browser> | undefined

/** One for all test files of a worker; it ends with the worker. */
async function sharedChromium(): Promise<Browser> {
  if (launched && (await launched).isConnected()) return launched
  launched = chromium.launch(launchOptions())
  return launched
}

const launchOptions = () => ({
  executablePath: chromiumPath(),
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})

/** The one without windows draws the same with half the work. */
function chromiumPath(): string {
  const installed = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((path) => existsSync(path))
  const path = process.env.CHROMIUM_PATH ?? installed
  if (!path) throw new Error('Install Debian’s chromium-headless-shell or chromium, or name one in CHROMIUM_PATH.')
  return path
}
