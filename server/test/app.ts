/**
 * The real app on a real database; only the OpenID provider is played. An `error` line in the log fails the test that
 * caused it, unless the test expected it.
 */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { Writable } from 'node:stream'
import { eq, sql } from 'drizzle-orm'
import Fastify, { type FastifyHttpOptions, type FastifyInstance, type FastifyPluginAsync } from 'fastify'
import { afterEach, expect, onTestFinished, TestRunner } from 'vitest'
import { type PlinthTimes, plinth, serverOptions } from '../app.ts'
import { readConfig } from '../platform/config/config.ts'
import { newId } from '../platform/db/columns.ts'
import type { AppDatabase } from '../platform/db/plugin.ts'
import { issuerName } from '../platform/identity/identity-key.ts'
import type { WayIn } from '../platform/identity/provider.ts'
import { sessionCookieName } from '../platform/identity/session-cookie.ts'
import type { Sessions } from '../platform/identity/sessions.ts'
import { identities, users } from '../platform/identity/table.ts'
import { atEnd } from './at-end.ts'
import { TestBrowser } from './browser.ts'
import { createTestDatabase } from './database.ts'
import { withOwnInbox } from './mails.ts'
import { clientId, clientSecret, startOpenIdProvider, type TestOpenIdProvider } from './openid-provider.ts'

export const publicUrl = 'http://localhost:8000'
const secret = () => randomBytes(48).toString('base64')

export function testEnvironment(
  overrides: Record<string, string | undefined> = {},
): Record<string, string | undefined> {
  return {
    NODE_ENV: 'test',
    PUBLIC_URL: publicUrl,
    DATABASE_URL: 'pglite://memory',
    // On a busy machine, tests that call in parallel would be refused after the default.
    DATABASE_WAIT: '1m',
    GOOGLE_CLIENT_ID: clientId,
    GOOGLE_CLIENT_SECRET: clientSecret,
    GOOGLE_ISSUER: 'http://127.0.0.1:9',
    // Nobody is there: who asks is told so at once.
    ASSISTANT_URL: 'http://127.0.0.1:9/v1',
    ASSISTANT_MODEL: 'none',
    COOKIE_SECRET: secret(),
    JWT_ACCESS_SECRET: secret(),
    JWT_REFRESH_SECRET: secret(),
    LOG_LEVEL: 'debug',
    // All tests' people are at one address.
    RATE_LIMIT_ANONYMOUS: '1000000',
    RATE_LIMIT_SIGN_IN: '1000000',
    RATE_LIMIT_SIGNED_IN: '1000000',
    RATE_LIMIT_INVITATIONS: '1000000',
    ASSISTANT_ANSWERS_PER_HOUR: '1000000',
    ASSISTANT_ANSWERS_PER_DAY: '1000000',
    RATE_LIMIT_SOCKETS_PER_PERSON: '100000',
    RATE_LIMIT_SOCKETS_PER_ADDRESS: '100000',
    RATE_LIMIT_SUBSCRIPTIONS_PER_PERSON: '100000',
    ...overrides,
  }
}

/** What nobody announces is found within a fraction of a second: sessions that are over, access that is lost. */
export const quickChecks: PlinthTimes = {
  identity: { trustMs: 250, checkEveryMs: 100, profileTrustMs: 100 },
  live: { lookEveryMs: 100, checkAccessEveryMs: 100 },
}

export interface LogLine {
  level: number
  msg: string
  [key: string]: unknown
}

export class TestApp {
  readonly root: FastifyInstance
  readonly provider: TestOpenIdProvider
  /** Plinth's own decorators, which the root it is registered in does not see. */
  readonly inside: FastifyInstance
  readonly logs: LogLine[]
  readonly publicUrl: string
  #expectedErrors: RegExp[] = []

  constructor(root: FastifyInstance, inside: FastifyInstance, provider: TestOpenIdProvider, logs: LogLine[]) {
    this.root = root
    this.inside = inside
    this.provider = provider
    this.logs = logs
    this.publicUrl = inside.config.server.publicUrl
  }

  get database(): AppDatabase {
    return this.inside.database
  }

  get sessions(): Sessions {
    return this.inside.sessions
  }

  browser(headers: Record<string, string> = {}): TestBrowser {
    return new TestBrowser(this.root, this.publicUrl, headers)
  }

  /** Listens on a free port; for sockets, which `inject` cannot carry. */
  async listen(): Promise<string> {
    await this.root.listen({ port: 0, host: '127.0.0.1' })
    return `http://127.0.0.1:${(this.root.server.address() as { port: number }).port}`
  }

  /** A browser in which a new person (or the one that `claims` name) has just signed in. */
  async signIn(claims: Record<string, unknown> = {}, browser = this.browser()): Promise<TestBrowser> {
    const answer = await this.finishSignIn(browser, await this.beginSignIn(browser), claims)
    const [path, code] = String(answer.headers.location).split('#code=')
    expect(path, JSON.stringify(this.logs.filter((l) => 'err' in l))).toBe('/')
    // Where AUTH_SESSION_MODE is `jwt`, as the page does that it leads to.
    if (code) browser.accessToken = (await browser.mutate('auth.exchange', { code })).json().result.data.accessToken
    return browser
  }

  /** A new person, signed in without the way to the provider and back, which has tests of its own and takes three times as long. */
  async enter(browser = this.browser()): Promise<{ browser: TestBrowser; id: string }> {
    if (this.inside.config.auth.sessionMode === 'jwt') {
      await this.signIn({}, browser)
      return { browser, id: String((await browser.get('/me')).json().id) }
    }
    const { db } = this.database
    const { sub: subject, email, name: displayName } = newPerson()
    const id = newId()
    const now = new Date()
    const person = { id, email, emailVerified: true, displayName, lastLoginAt: now, lastActiveAt: now }
    // In one statement, because most tests do this several times.
    await db.execute(sql`
      with person as ${db.insert(users).values(person).returning({ id: users.id })},
        identity as ${db.insert(identities).values({ userId: id, ...this.googleIdentity(subject), email })}
      select 1`)
    await this.#openSession(browser, id, subject)
    return { browser, id }
  }

  /** One more session of a person who came by `enter` or `signIn`, in another browser. */
  async enterAgain(id: string): Promise<TestBrowser> {
    const [identity] = await this.database.db.select().from(identities).where(eq(identities.userId, id))
    const { subject, email } = identity ?? expect.unreachable(`no identity of ${id}`)
    if (this.inside.config.auth.sessionMode === 'jwt') return this.signIn({ sub: subject, email })
    const browser = this.browser()
    await this.#openSession(browser, id, subject)
    return browser
  }

  /** What a sign-in with Google makes of `subject`. */
  googleIdentity(subject: string): WayIn {
    const { mock, google } = this.inside.config.auth
    return { provider: 'google', issuer: mock || !google ? null : issuerName(google.issuer), subject }
  }

  async #openSession(browser: TestBrowser, userId: string, subject: string): Promise<void> {
    const from = { userId, by: this.googleIdentity(subject), ip: '127.0.0.1', userAgent: browser.headers['user-agent'] }
    const { token } = await this.sessions.create(this.database.db, from, 'cookie')
    browser.cookies.set(sessionCookieName(this.inside.config), String(token))
  }

  async beginSignIn(browser: TestBrowser, returnTo?: string): Promise<URL> {
    const answer = await browser.get(`/auth/google${returnTo ? `?returnTo=${encodeURIComponent(returnTo)}` : ''}`)
    expect(answer.statusCode).toBe(302)
    return new URL(String(answer.headers.location))
  }

  /** The user of `browser` adds the Google account that `claims` name. Returns the response of the callback. */
  async addGoogle(browser: TestBrowser, claims: Record<string, unknown> = {}) {
    const answer = await browser.mutate('account.identities.startAdding')
    expect(answer.statusCode, answer.body).toBe(200)
    return this.finishSignIn(browser, new URL(answer.json().result.data.url), claims)
  }

  async finishSignIn(browser: TestBrowser, authorizationUrl: URL, claims: Record<string, unknown> = {}, bend = {}) {
    const code = this.provider.grant(authorizationUrl, { ...newPerson(), ...claims }, bend)
    const query = new URLSearchParams({ code, state: authorizationUrl.searchParams.get('state') ?? '' })
    return browser.get(`/auth/google/callback?${query}`)
  }

  expectErrorLog(pattern: RegExp) {
    this.#expectedErrors.push(pattern)
  }

  assertNoUnexpectedErrors() {
    const unexpected = this.logs.filter(
      (line) => line.level >= 50 && !this.#expectedErrors.some((pattern) => pattern.test(JSON.stringify(line))),
    )
    this.#expectedErrors = []
    this.logs.length = 0
    expect(unexpected, 'error lines in the log').toEqual([])
  }
}

/** The code with which a sign-in came back to the sign-in page; null when it did not. */
export function refusal({ headers }: { headers: { location?: unknown } }): string | null {
  const location = new URL(String(headers.location), publicUrl)
  return location.pathname === '/sign-in' ? location.searchParams.get('error') : null
}

/** Claims of somebody nobody has seen before. */
export function newPerson() {
  const name = randomBytes(6).toString('hex')
  return { sub: `sub-${name}`, email: `${name}@example.org`, email_verified: true, name: `Person ${name}` }
}

type Options = {
  environment?: Record<string, string | undefined>
  ready?: boolean
  /** Further routes in Plinth's own scope. */
  page?: FastifyPluginAsync
  times?: PlinthTimes
  /** In place of what Plinth sets for its own server. */
  server?: FastifyHttpOptions<Server>
}

/** Closes, with its database, after the test that asks for it, or after the tests of the file. `ready: false` does not wait for the database. */
export async function buildTestApp({
  environment = {},
  ready = true,
  page,
  times = {},
  server = {},
}: Options = {}): Promise<TestApp> {
  const provider = await startOpenIdProvider()
  const database = environment.DATABASE_URL ? null : await createTestDatabase()
  const config = withOwnInbox(
    readConfig(
      testEnvironment({
        GOOGLE_ISSUER: provider.issuer,
        ...(database && { DATABASE_URL: database.url }),
        ...environment,
      }),
    ),
  )
  const logs: LogLine[] = []
  const defaults = serverOptions(config)
  const options = { ...defaults, ...server, http: { ...defaults.http, ...server?.http } }
  const stream = new Writable({
    write(chunk, _encoding, done) {
      for (const line of String(chunk).trim().split('\n')) logs.push(JSON.parse(line))
      done()
    },
  })
  const root = Fastify({ ...options, logger: { ...(options.logger as object), stream } })
  let inside: FastifyInstance | undefined
  await root.register(plinth, {
    config,
    times: {
      ...times,
      // Its own test sets it; every other would wait for it at each registration and each forgotten password.
      identity: { unseenMs: 5, ...times.identity },
      // On a busy machine a store that works would count as away.
      limits: { storeAnswersWithinMs: 60_000, ...times.limits },
    },
    // Registered last, in Plinth's own scope: from here its decorators can be seen.
    page: async (scope) => {
      inside = scope
      if (page) await scope.register(page)
    },
  })
  await root.ready()
  const app = new TestApp(root, inside as FastifyInstance, provider, logs)
  if (ready) await app.database.whenMigrated

  atEnd(async () => {
    await root.close()
    if (config.mail.inboxFolder)
      await rm(config.mail.inboxFolder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
    await provider.close()
    await database?.drop()
  })
  if (TestRunner.getCurrentTest()) onTestFinished(() => app.assertNoUnexpectedErrors())
  else afterEach(() => app.assertNoUnexpectedErrors())
  return app
}
