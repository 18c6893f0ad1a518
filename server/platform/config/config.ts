/**
 * Environment → one frozen Config. All faults are reported at once, by name; nothing falls back silently.
 * This folder is the only reader of the environment.
 */
import { dirname, join, resolve } from 'node:path'
import { packageFolder } from './package-folder.ts'
import { isLoopback, Settings, settings } from './settings.ts'

/** Thrown with every fault of the environment; `message` is ready to be shown to an operator. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly faults: readonly { setting: string; problem: string }[]
  constructor(faults: readonly { setting: string; problem: string }[]) {
    const lines = faults.map(({ setting, problem }) => `  ${setting.padEnd(28)} ${problem}`)
    super(
      `Plinth cannot start: ${faults.length === 1 ? 'a setting is' : `${faults.length} settings are`} missing or wrong.\n` +
        `${lines.join('\n')}\n.env.example explains each. For local work \`npm run dev\` needs none of them.`,
    )
    this.faults = faults
  }
}

export type Config = ReturnType<typeof group>

/** @throws ConfigError naming every missing or wrong setting, never a value. An empty variable counts as absent. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(
    Object.keys(settings).flatMap((name) => {
      const value = environment[name]
      // Blanks and commas alone are an empty list, which must not pass for one that restricts something.
      return value && !/^[\s,]*$/.test(value) ? [[name, value]] : []
    }),
  )
  const parsed = Settings.safeParse(given)
  const faults = parsed.success
    ? []
    : parsed.error.issues.map(({ path: [setting], message }) => ({
        setting: String(setting),
        problem: String(setting) in given ? message : 'is required and missing',
      }))
  faults.push(...crossFaults(given))
  if (!parsed.success || faults.length > 0) {
    // One line per setting: what is wrong first is what is mended first.
    throw new ConfigError(
      [...new Map(faults.toReversed().map((fault) => [fault.setting, fault])).values()].toReversed(),
    )
  }
  return group(parsed.data)
}

/** Passwords need SMTP_URL: see `crossFaults`. */
const otherSignInMethods = ['SMTP_URL', 'CLERK_ISSUER', 'BETTER_AUTH_URL', 'BETTER_AUTH_SECRET']

/** Rules between settings, checked even when single settings are wrong, so that one start shows them all. */
function crossFaults(given: Partial<Record<string, string>>) {
  const faults: { setting: string; problem: string }[] = []
  const production = (given.NODE_ENV ?? 'production') === 'production'
  const mock = given.USE_MOCK_AUTH === 'true'
  if (mock && production) {
    faults.push({
      setting: 'USE_MOCK_AUTH',
      problem: 'signs in without a credential and is refused in production; use it with NODE_ENV=development',
    })
  }
  const offersGoogle = (given.REAL_AUTH_PROVIDER ?? 'google') === 'google'
  for (const setting of ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET']) {
    if (!given[setting] && !mock && offersGoogle) faults.push({ setting, problem: 'is required and missing' })
  }
  // With passwords as the only sign-in method and no mail, no user could confirm an address or reset a password.
  if (!offersGoogle && production && !otherSignInMethods.some((setting) => given[setting])) {
    faults.push({
      setting: 'REAL_AUTH_PROVIDER',
      problem: `leaves no sign-in method: set ${otherSignInMethods.join(', ')} or use google`,
    })
  }
  const secrets = [
    'COOKIE_SECRET',
    'JWT_ACCESS_SECRET',
    'JWT_REFRESH_SECRET',
    'BETTER_AUTH_SECRET',
    'LEGACY_HEADER_SECRET',
    'METRICS_TOKEN',
  ]
  for (const [at, setting] of secrets.entries()) {
    const twin = secrets.slice(0, at).find((other) => given[other] && given[other] === given[setting])
    if (twin) faults.push({ setting, problem: `must differ from ${twin}` })
  }
  if (given.AUTH_LEGACY_HEADER === 'on' && production) {
    for (const setting of ['LEGACY_HEADER_TRUSTED_CIDRS', 'LEGACY_HEADER_SECRET']) {
      if (!given[setting]) faults.push({ setting, problem: 'is required in production while AUTH_LEGACY_HEADER is on' })
    }
  }
  if (given.CLERK_ISSUER && !given.CLERK_AUTHORIZED_PARTIES) {
    faults.push({ setting: 'CLERK_AUTHORIZED_PARTIES', problem: 'is required when CLERK_ISSUER is set' })
  }
  // A mail needs a sender that its server takes; there is none to guess.
  if (given.SMTP_URL && !given.MAIL_FROM) {
    faults.push({ setting: 'MAIL_FROM', problem: 'is required when SMTP_URL is set' })
  }
  if (given.ASSISTANT_URL && !given.ASSISTANT_MODEL) {
    faults.push({ setting: 'ASSISTANT_MODEL', problem: 'is required when ASSISTANT_URL is set' })
  }
  // Without the URL they would do nothing, and somebody meant something by them.
  for (const setting of ['ASSISTANT_API_KEY', 'ASSISTANT_MODEL']) {
    if (given[setting] && !given.ASSISTANT_URL) faults.push({ setting, problem: 'goes with ASSISTANT_URL only' })
  }
  if (given.DATABASE_URL?.startsWith('pglite:') && given.DATABASE_DIRECT_URL) {
    faults.push({ setting: 'DATABASE_DIRECT_URL', problem: 'goes with a Postgres DATABASE_URL only' })
  }
  return faults
}

function group(s: Settings) {
  const publicUrl = new URL(s.PUBLIC_URL)
  return deepFreeze({
    production: s.NODE_ENV === 'production',
    server: {
      host: s.HOST,
      port: s.PORT,
      /** Origin only, no trailing slash: every absolute link and redirect is built from it, never from a request. */
      publicUrl: publicUrl.origin,
      https: publicUrl.protocol === 'https:',
      /** May make credentialed cross-origin calls and open sockets, beside `publicUrl` itself. */
      corsOrigins: s.CORS_ORIGINS.map((text) => new URL(text).origin),
      /** Host names that are answered beside those of `publicUrl` and `corsOrigins`. */
      allowedHosts: s.ALLOWED_HOSTS,
      /** Every host name is answered. */
      anyHost: s.NODE_ENV !== 'development' && s.ALLOWED_HOSTS.length === 0,
      trustProxy: s.TRUST_PROXY,
      /** From the first byte to the last, of the header and of the whole request; the header has no longer than the request. */
      headersTimeoutMs: Math.min(s.HEADERS_TIMEOUT, s.REQUEST_TIMEOUT),
      requestTimeoutMs: s.REQUEST_TIMEOUT,
      /** Of a connection on which nothing is sent, from its beginning on. */
      idleTimeoutMs: s.IDLE_TIMEOUT,
      maxConnections: s.MAX_CONNECTIONS,
    },
    log: { level: s.LOG_LEVEL, pii: s.LOG_PII },
    database: {
      url: s.DATABASE_URL,
      /** For migrations and LISTEN; set when `url` goes through a transaction pooler. */
      directUrl: s.DATABASE_DIRECT_URL ?? s.DATABASE_URL,
      /** A transaction pooler forgets prepared statements between transactions. */
      prepare: s.DATABASE_DIRECT_URL === undefined,
      poolMax: s.DATABASE_POOL_MAX,
      /** How long a query or transaction waits for a connection. */
      waitMs: s.DATABASE_WAIT,
    },
    redisUrl: s.REDIS_URL ?? null,
    auth: {
      mock: s.USE_MOCK_AUTH,
      provider: s.REAL_AUTH_PROVIDER,
      sessionMode: s.AUTH_SESSION_MODE,
      hideExistence: s.AUTH_HIDE_EXISTENCE,
      /** Null where sign-in with an OpenID provider is not offered, or mocked. */
      google:
        s.REAL_AUTH_PROVIDER === 'google' && s.GOOGLE_CLIENT_ID && s.GOOGLE_CLIENT_SECRET
          ? { clientId: s.GOOGLE_CLIENT_ID, clientSecret: s.GOOGLE_CLIENT_SECRET, issuer: s.GOOGLE_ISSUER }
          : null,
      cookieSecret: s.COOKIE_SECRET,
      jwtAccessSecret: s.JWT_ACCESS_SECRET,
      jwtRefreshSecret: s.JWT_REFRESH_SECRET,
      sessionIdleTtlMs: s.SESSION_IDLE_TTL,
      sessionAbsoluteTtlMs: s.SESSION_ABSOLUTE_TTL,
      clerk: s.CLERK_ISSUER ? { issuer: s.CLERK_ISSUER, authorizedParties: s.CLERK_AUTHORIZED_PARTIES } : null,
      betterAuth: { url: s.BETTER_AUTH_URL ?? null, secret: s.BETTER_AUTH_SECRET ?? null },
      legacyHeader:
        s.AUTH_LEGACY_HEADER === 'on'
          ? {
              trustedCidrs: s.LEGACY_HEADER_TRUSTED_CIDRS,
              secret: s.LEGACY_HEADER_SECRET ?? null,
              /** In UTC. Told to clients; the operator switches it off. */
              sunset: s.LEGACY_HEADER_SUNSET,
            }
          : null,
    },
    publicReads: s.PUBLIC_READS,
    driftRetentionMs: s.DRIFT_RETENTION,
    /** Null: records are kept for ever. */
    auditRetentionMs: s.AUDIT_RETENTION ?? null,
    mcp: s.MCP === 'on',
    mail: {
      smtp: s.SMTP_URL && s.MAIL_FROM ? { url: s.SMTP_URL, from: s.MAIL_FROM } : null,
      /** Where mails are kept instead of sent: never in production, and nowhere when they are sent. */
      inboxFolder: s.NODE_ENV === 'production' || s.SMTP_URL ? null : inboxFolder(s.DATABASE_URL),
    },
    storageUrl: s.STORAGE_URL,
    insights: s.INSIGHTS_URL ? { url: s.INSIGHTS_URL, apiKey: s.INSIGHTS_API_KEY ?? null } : null,
    assistant:
      s.ASSISTANT_URL && s.ASSISTANT_MODEL
        ? {
            completionsUrl: `${s.ASSISTANT_URL.replace(/\/+$/, '')}/chat/completions`,
            apiKey: s.ASSISTANT_API_KEY ?? null,
            model: s.ASSISTANT_MODEL,
            /** Of one user. */
            limits: {
              atOnce: s.ASSISTANT_ANSWERS_AT_ONCE,
              perHour: s.ASSISTANT_ANSWERS_PER_HOUR,
              perDay: s.ASSISTANT_ANSWERS_PER_DAY,
            },
          }
        : null,
    metricsToken: s.METRICS_TOKEN ?? null,
    rateLimit: {
      anonymous: s.RATE_LIMIT_ANONYMOUS,
      signIn: s.RATE_LIMIT_SIGN_IN,
      signedIn: s.RATE_LIMIT_SIGNED_IN,
      invitations: s.RATE_LIMIT_INVITATIONS,
      /** Open sockets and streams, on each instance. */
      socketsPerPerson: s.RATE_LIMIT_SOCKETS_PER_PERSON,
      socketsPerAddress: s.RATE_LIMIT_SOCKETS_PER_ADDRESS,
      subscriptionsPerPerson: s.RATE_LIMIT_SUBSCRIPTIONS_PER_PERSON,
    },
  })
}

/** Beside the embedded database, so that what belongs together is deleted together. */
function inboxFolder(databaseUrl: string): string {
  const [, folder = 'memory'] = /^pglite:\/\/(.+)$/.exec(databaseUrl) ?? []
  return folder === 'memory' ? join(packageFolder, '.data/mail') : join(dirname(resolve(folder)), 'mail')
}

export { isLoopback }

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (inner && typeof inner === 'object') deepFreeze(inner)
  return Object.freeze(value)
}
