import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from './config.ts'
import { packageFolder } from './package-folder.ts'
import { settings } from './settings.ts'

const cookieSecret = 'c1TdYz8Wq0Lr7Vn4Xb2Jm9Ks6Hp3Gf5'.padEnd(44, 'aZ')
const good = {
  PUBLIC_URL: 'https://app.example.com',
  DATABASE_URL: 'postgres://plinth:pw@db.internal:5432/plinth',
  GOOGLE_CLIENT_ID: 'client-id',
  GOOGLE_CLIENT_SECRET: 'client-secret',
  COOKIE_SECRET: cookieSecret,
  JWT_ACCESS_SECRET: `access${cookieSecret}`,
  JWT_REFRESH_SECRET: `refresh${cookieSecret}`,
}
type Environment = Record<string, string | undefined>

function errorOf(environment: Environment): ConfigError {
  try {
    readConfig(environment)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return error as ConfigError
  }
  throw new Error('no fault was found')
}
const faultsOf = (overrides: Environment) => errorOf({ ...good, ...overrides }).faults
const problemOf = (setting: keyof typeof settings, overrides: Environment) => {
  const faults = faultsOf(overrides)
  expect(faults.map((fault) => fault.setting)).toEqual([setting])
  return faults[0]?.problem
}

describe('missing settings', () => {
  const required = Object.keys(good)

  it('are all named in one message', () => {
    const error = errorOf({})
    expect(error.faults.map(({ setting }) => setting).toSorted()).toEqual(required.toSorted())
    for (const name of required) expect(error.message).toMatch(new RegExp(`^  ${name} +is required and missing$`, 'm'))
  })

  it('are named beside wrong ones, each setting once', () => {
    const error = errorOf({
      PORT: 'x',
      COOKIE_SECRET: 'short',
      AUTH_LEGACY_HEADER: 'on',
      CLERK_ISSUER: 'http://evil.example',
    })
    const names = error.faults.map(({ setting }) => setting)
    expect(names).toHaveLength(new Set(names).size)
    expect(names).toEqual(
      expect.arrayContaining([
        'PORT',
        'COOKIE_SECRET',
        'PUBLIC_URL',
        'CLERK_ISSUER',
        'CLERK_AUTHORIZED_PARTIES',
        'LEGACY_HEADER_TRUSTED_CIDRS',
        'LEGACY_HEADER_SECRET',
      ]),
    )
  })

  it('include those that are empty', () => {
    const empty = Object.fromEntries(Object.keys(settings).map((name) => [name, '']))
    expect(errorOf(empty).faults).toEqual(errorOf({}).faults)
  })
})

describe('a wrong setting', () => {
  const wrong: [keyof typeof settings, string, RegExp][] = [
    ['NODE_ENV', 'staging', /production, development or test/],
    ['PORT', '80a', /whole number/],
    ['PORT', '65536', /between 0 and 65535/],
    ['PORT', '-1', /whole number/],
    ['PUBLIC_URL', 'app.example.com', /URL/],
    ['PUBLIC_URL', 'https://app.example.com/path', /origin only/],
    ['PUBLIC_URL', 'https://user:pw@app.example.com', /origin only/],
    ['PUBLIC_URL', 'http://app.example.com', /https/],
    ['PUBLIC_URL', 'http://localhost.example.com', /https/],
    ['PUBLIC_URL', 'ftp://app.example.com', /https:\/\//],
    ['CORS_ORIGINS', '*', /URL/],
    ['CORS_ORIGINS', 'https://a.example.com,null', /URL/],
    ['CORS_ORIGINS', 'https://a.example.com,http://b.example.com', /https/],
    ['ALLOWED_HOSTS', 'plinth.internal:8000', /without ports/],
    ['ALLOWED_HOSTS', 'https://plinth.internal', /host names/],
    ['TRUST_PROXY', 'true', /CIDR/],
    ['TRUST_PROXY', '10.0.0.0/33', /CIDR/],
    ['LOG_LEVEL', 'loud', /must be fatal/],
    ['LOG_PII', 'yes', /true or false/],
    ['DATABASE_URL', 'mysql://db/plinth', /postgres:\/\/ or pglite:\/\//],
    ['DATABASE_URL', 'pglite://', /pglite:\/\/<folder>/],
    ['DATABASE_URL', 'postgres://', /host and the name of a database/],
    ['DATABASE_URL', 'postgres://db.internal', /host and the name of a database/],
    ['DATABASE_URL', 'postgres://plinth:100%@db.internal/plinth', /percent-encoded/],
    ['DATABASE_URL', 'postgres://db.internal/plinth?sslmode=prefer', /disable, require, verify-ca or verify-full/],
    ['DATABASE_URL', 'postgres://db.internal/plinth?sslmode=verify-ca', /sslrootcert/],
    ['DATABASE_DIRECT_URL', 'https://db.internal/plinth', /postgres:\/\//],
    ['DATABASE_DIRECT_URL', 'postgres://plinth:100%@db.internal/plinth', /percent-encoded/],
    ['DATABASE_POOL_MAX', '0', /between 1 and/],
    ['DATABASE_WAIT', '1s', /between 2s and 1m/],
    ['DATABASE_WAIT', '61s', /between 2s and 1m/],
    ['REDIS_URL', 'localhost:6379', /redis:\/\//],
    ['REAL_AUTH_PROVIDER', 'github', /google/],
    ['USE_MOCK_AUTH', '1', /true or false/],
    ['AUTH_SESSION_MODE', 'token', /cookies or jwt/],
    ['GOOGLE_ISSUER', 'http://accounts.example.com', /https/],
    ['GOOGLE_CLIENT_ID', 'cliént-id', /printable ASCII/],
    ['GOOGLE_CLIENT_SECRET', 'clïent-secret', /printable ASCII/],
    ['SESSION_IDLE_TTL', '500ms', /duration/],
    ['SESSION_IDLE_TTL', 'a week', /duration/],
    ['SESSION_IDLE_TTL', '-7d', /duration/],
    ['SESSION_ABSOLUTE_TTL', '99999999999y', /duration/],
    ['AUDIT_RETENTION', '89d', /90d or more/],
    ['DRIFT_RETENTION', '0', /duration/],
    ['DRIFT_RETENTION', '11y', /ten years/],
    ['BETTER_AUTH_URL', 'http://auth.example.com', /https/],
    ['AUTH_LEGACY_HEADER', 'true', /on or off/],
    ['MCP', 'true', /on or off/],
    ['LEGACY_HEADER_SUNSET', '2027-02-30', /must be a day/],
    ['SMTP_URL', 'mail.example.com', /smtp:\/\//],
    ['SMTP_URL', 'smtp://', /host/],
    ['SMTP_URL', 'smtp://mail.example.com?logger=true&debug=true', /end after host and port/],
    ['SMTP_URL', 'smtp://mail.example.com/path', /end after host and port/],
    ['SMTP_URL', 'smtp://plinth@mail.example.com', /both a user name and a password/],
    ['SMTP_URL', 'smtp://plinth:100%@mail.example.com', /percent-encoded/],
    ['MAIL_FROM', 'Plinth', /one address/],
    ['MAIL_FROM', 'a@example.com, b@example.com', /one address/],
    ['MAIL_FROM', 'Plinth <a@example.com>, b@example.com', /one address/],
    ['MAIL_FROM', 'Plinth\r\nBcc: x@example.com <a@example.com>', /one address/],
    ['STORAGE_URL', '.data/uploads', /file:\/\//],
    ['INSIGHTS_URL', 'http://insights.example.com', /https/],
    ['ASSISTANT_URL', 'http://assistant.example.com/v1', /https/],
    ['ASSISTANT_URL', 'https://me:secret@assistant.example.com/v1', /ASSISTANT_API_KEY/],
    ['ASSISTANT_URL', 'https://assistant.example.com/v1?key=secret', /ASSISTANT_API_KEY/],
    ['ASSISTANT_API_KEY', 'two words', /without blanks/],
    ['RATE_LIMIT_SIGN_IN', '1.5', /whole number/],
  ]
  it.each(wrong)('%s=%s is named with the form it should have', (setting, value, problem) => {
    const around = {
      MAIL_FROM: 'plinth@example.com',
      ASSISTANT_URL: 'https://assistant.example.com/v1',
      ASSISTANT_MODEL: 'small-model',
    }
    expect(problemOf(setting, { ...around, [setting]: value })).toMatch(problem)
  })

  it('of an assistant needs a model, and means nothing without an address', () => {
    const [url, model] = ['http://localhost:11434/v1/', 'small-model']
    expect(problemOf('ASSISTANT_MODEL', { ASSISTANT_URL: url })).toMatch(/required when ASSISTANT_URL is set/)
    for (const setting of ['ASSISTANT_MODEL', 'ASSISTANT_API_KEY'] as const) {
      expect(problemOf(setting, { [setting]: 'some-thing' })).toMatch(/with ASSISTANT_URL only/)
    }
    expect(readConfig(good).assistant).toBeNull()
    expect(readConfig({ ...good, ASSISTANT_URL: url, ASSISTANT_MODEL: model }).assistant).toEqual({
      completionsUrl: 'http://localhost:11434/v1/chat/completions',
      apiKey: null,
      model,
      limits: { atOnce: 2, perHour: 60, perDay: 300 },
    })
  })

  it('never shows its value', () => {
    const canary = 'canary-7Qx'
    const values = Object.fromEntries(Object.keys(settings).map((name) => [name, `${canary} ${name.toLowerCase()}:%`]))
    const text = errorOf({ ...values, DATABASE_URL: `sqlite:${canary}`, USE_MOCK_AUTH: 'true' })
    expect(text.faults.length).toBeGreaterThan(20)
    expect(`${text.message}${text.stack}${JSON.stringify(text)}`).not.toContain(canary)
  })

  it('of SQLite names the embedded database instead', () => {
    for (const url of ['sqlite:./dev.db', 'sqlite://:memory:', 'SQLite:///x.db']) {
      expect(problemOf('DATABASE_URL', { DATABASE_URL: url })).toMatch(/SQLite is not supported.*pglite:\/\/<folder>/)
    }
  })

  it('of a direct address beside the embedded database is refused', () => {
    expect(
      problemOf('DATABASE_DIRECT_URL', {
        DATABASE_URL: 'pglite://.data/db',
        DATABASE_DIRECT_URL: 'postgres://db/plinth',
      }),
    ).toMatch(/Postgres DATABASE_URL only/)
  })
})

describe('secrets', () => {
  const names = [
    'COOKIE_SECRET',
    'JWT_ACCESS_SECRET',
    'JWT_REFRESH_SECRET',
    'BETTER_AUTH_SECRET',
    'METRICS_TOKEN',
  ] as const
  it.each(names)('%s is refused when short, repetitive or a placeholder', (name) => {
    expect(problemOf(name, { [name]: cookieSecret.slice(0, 31) })).toMatch(/32 bytes/)
    expect(problemOf(name, { [name]: 'abab'.repeat(12) })).toMatch(/random/)
    for (const placeholder of ['change-me', 'changeme', 'replace_me', 'EXAMPLE']) {
      expect(problemOf(name, { [name]: `${placeholder}-${cookieSecret}` })).toMatch(/placeholder/)
    }
  })

  it('are refused when two are the same', () => {
    const [first, ...others] = names
    for (const other of others) {
      expect(problemOf(other, { [other]: good[first] })).toBe(`must differ from ${first}`)
    }
    expect(
      problemOf('LEGACY_HEADER_SECRET', { LEGACY_HEADER_SECRET: good.JWT_ACCESS_SECRET, AUTH_LEGACY_HEADER: 'off' }),
    ).toBe('must differ from JWT_ACCESS_SECRET')
  })
})

describe('production', () => {
  it('is what no NODE_ENV means', () => {
    expect(readConfig(good).production).toBe(true)
    expect(readConfig({ ...good, NODE_ENV: 'development' }).production).toBe(false)
  })

  it('refuses mock sign-in, which elsewhere makes the Google variables optional', () => {
    const mock = { USE_MOCK_AUTH: 'true', GOOGLE_CLIENT_ID: undefined, GOOGLE_CLIENT_SECRET: undefined }
    for (const NODE_ENV of ['production', '', undefined]) {
      expect(problemOf('USE_MOCK_AUTH', { ...mock, NODE_ENV })).toMatch(/refused in production/)
    }
    for (const NODE_ENV of ['development', 'test']) {
      expect(readConfig({ ...good, ...mock, NODE_ENV }).auth.mock).toBe(true)
    }
  })

  it('requires the Google variables only where Google is offered, and another sign-in method where it is not', () => {
    const without = { GOOGLE_CLIENT_ID: undefined, GOOGLE_CLIENT_SECRET: undefined }
    for (const setting of ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'] as const) {
      expect(problemOf(setting, { [setting]: undefined })).toBe('is required and missing')
    }
    const none = { ...without, REAL_AUTH_PROVIDER: 'none' }
    expect(problemOf('REAL_AUTH_PROVIDER', none)).toMatch(/^leaves no sign-in method: set SMTP_URL, CLERK_ISSUER, /)
    const mail = { SMTP_URL: 'smtp://localhost', MAIL_FROM: 'plinth@example.com' }
    const clerk = { CLERK_ISSUER: 'https://clerk.example.com', CLERK_AUTHORIZED_PARTIES: 'https://example.com' }
    for (const other of [mail, clerk, { NODE_ENV: 'development' }]) {
      expect(readConfig({ ...good, ...none, ...other }).auth.google).toBeNull()
    }
    expect(readConfig(good).auth.google).toMatchObject({ clientId: 'client-id' })
  })

  it('takes the legacy header only with addresses and a secret', () => {
    const on = { ...good, AUTH_LEGACY_HEADER: 'on' }
    expect(errorOf(on).faults.map(({ setting }) => setting)).toEqual([
      'LEGACY_HEADER_TRUSTED_CIDRS',
      'LEGACY_HEADER_SECRET',
    ])
    expect(
      problemOf('LEGACY_HEADER_TRUSTED_CIDRS', {
        ...on,
        LEGACY_HEADER_TRUSTED_CIDRS: ' , ',
        LEGACY_HEADER_SECRET: `legacy${cookieSecret}`,
      }),
    ).toMatch(/required in production/)
    const full = {
      ...on,
      LEGACY_HEADER_TRUSTED_CIDRS: '10.0.0.0/8, ::1',
      LEGACY_HEADER_SECRET: `legacy${cookieSecret}`,
    }
    expect(readConfig(full).auth.legacyHeader).toEqual({
      trustedCidrs: ['10.0.0.0/8', '::1'],
      secret: `legacy${cookieSecret}`,
      sunset: '2027-06-30',
    })
    expect(readConfig({ ...on, NODE_ENV: 'development' }).auth.legacyHeader).toMatchObject({
      trustedCidrs: [],
      secret: null,
    })
  })
})

describe('a good environment', () => {
  it('gives the defaults of the contract', () => {
    expect(readConfig(good)).toMatchObject({
      production: true,
      server: {
        host: '127.0.0.1',
        port: 8000,
        https: true,
        corsOrigins: [],
        allowedHosts: [],
        trustProxy: [],
        headersTimeoutMs: 15_000,
        requestTimeoutMs: 30_000,
        idleTimeoutMs: 75_000,
        maxConnections: 10_000,
      },
      log: { level: 'info', pii: false },
      database: { directUrl: good.DATABASE_URL, prepare: true, poolMax: 10, waitMs: 2_000 },
      redisUrl: null,
      auth: {
        mock: false,
        provider: 'google',
        sessionMode: 'cookies',
        hideExistence: false,
        google: { issuer: 'https://accounts.google.com' },
        sessionIdleTtlMs: 7 * 86_400_000,
        sessionAbsoluteTtlMs: 30 * 86_400_000,
        clerk: null,
        betterAuth: { url: null, secret: null },
        legacyHeader: null,
      },
      publicReads: true,
      mcp: false,
      mail: { smtp: null, inboxFolder: null },
      storageUrl: 'file://.data/uploads',
      insights: null,
      metricsToken: null,
      rateLimit: {
        anonymous: 100,
        signIn: 5,
        signedIn: 600,
        invitations: 20,
        socketsPerPerson: 50,
        socketsPerAddress: 500,
        subscriptionsPerPerson: 500,
      },
    })
  })

  it('is read with empty variables as if they were absent', () => {
    const empty = Object.fromEntries(Object.keys(settings).map((name) => [name, '']))
    expect(readConfig({ ...empty, ...good })).toEqual(readConfig(good))
  })

  it('is frozen, all the way down', () => {
    const walk = (value: object) => {
      expect(Object.isFrozen(value)).toBe(true)
      for (const inner of Object.values(value)) if (inner && typeof inner === 'object') walk(inner)
    }
    walk(readConfig({ ...good, CORS_ORIGINS: 'https://a.example.com' }))
  })

  it('is plain http on this machine', () => {
    for (const PUBLIC_URL of ['http://localhost:8000', 'http://127.0.0.1:8000/', 'http://[::1]:8000']) {
      expect(readConfig({ ...good, PUBLIC_URL }).server).toMatchObject({
        https: false,
        publicUrl: new URL(PUBLIC_URL).origin,
      })
    }
  })

  it('switches prepared statements off behind a pooler, which a direct address tells', () => {
    const direct = 'postgres://plinth:pw@direct.internal/plinth'
    expect(readConfig({ ...good, DATABASE_DIRECT_URL: direct }).database).toMatchObject({
      url: good.DATABASE_URL,
      directUrl: direct,
      prepare: false,
    })
  })

  it('has the sender of mails in parts', () => {
    const from = (MAIL_FROM: string) =>
      readConfig({ ...good, SMTP_URL: 'smtps://mail.example.com', MAIL_FROM }).mail.smtp
    const url = 'smtps://mail.example.com'
    const address = 'plinth@example.com'
    expect(from(address)).toEqual({ url, from: { name: '', address } })
    expect(from(`Plinth & Söhne <${address}>`)).toEqual({ url, from: { name: 'Plinth & Söhne', address } })
    expect(from(`"Plinth, Inc." <${address}>`)).toEqual({ url, from: { name: 'Plinth, Inc.', address } })
  })

  it('has a sender when it sends mails', () => {
    expect(problemOf('MAIL_FROM', { SMTP_URL: 'smtp://mail.example.com' })).toMatch(/required when SMTP_URL is set/)
  })

  it('keeps mails on this machine while developing, beside the embedded database', () => {
    const inbox = (environment: Environment) =>
      readConfig({ ...good, NODE_ENV: 'development', ...environment }).mail.inboxFolder
    expect(inbox({ DATABASE_URL: 'pglite:///somewhere/db' })).toBe('/somewhere/mail')
    expect(inbox({})).toBe(join(packageFolder, '.data/mail'))
    expect(inbox({ SMTP_URL: 'smtp://localhost', MAIL_FROM: 'plinth@example.com' })).toBeNull()
    expect(inbox({ NODE_ENV: 'production', DATABASE_URL: 'pglite:///somewhere/db' })).toBeNull()
  })

  it('has lists separated by commas, and origins in their one form', () => {
    const { server } = readConfig({
      ...good,
      CORS_ORIGINS: ' https://A.example.com/ ,, http://localhost:5173',
      TRUST_PROXY: '10.0.0.0/8,fd00::/8,192.0.2.1',
    })
    expect(server.corsOrigins).toEqual(['https://a.example.com', 'http://localhost:5173'])
    expect(server.trustProxy).toEqual(['10.0.0.0/8', 'fd00::/8', '192.0.2.1'])
  })
})

describe('.env.example', () => {
  it('names every setting, and nothing that is none', () => {
    const path = join(packageFolder, '.env.example')
    expect(existsSync(path)).toBe(true)
    const named = [...readFileSync(path, 'utf8').matchAll(/^#? ?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name)
    expect(named.toSorted()).toEqual(Object.keys(settings).toSorted())
  })
})
