/**
 * Every environment variable that Plinth reads, with its form and default. The names are a contract.
 * A fault names the variable and the form it should have, never the value: values are secrets.
 */
import ms, { type StringValue } from 'ms'
import { z } from 'zod'

const fault = (message: string) => ({ error: message })
const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]'])
export const isLoopback = (url: URL) => loopbackHosts.has(url.hostname)

const flag = (byDefault: boolean) =>
  z
    .enum(['true', 'false'], fault('must be true or false'))
    .default(byDefault ? 'true' : 'false')
    .transform((text) => text === 'true')
const whole = (byDefault: number, least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, fault('must be a whole number'))
    .default(String(byDefault))
    .transform(Number)
    .refine((n) => n >= least && n <= most, fault(`must be between ${least} and ${most}`))
const duration = z
  .string()
  .transform((text) => ms(text as StringValue) ?? Number.NaN)
  // The upper end is what the database can still add to a time.
  .refine((n) => n >= 1000 && n <= ms('10y'), {
    error: 'must be a duration between one second and ten years, such as 30m, 12h or 7d',
  })
const durationMs = (byDefault: StringValue) => duration.prefault(byDefault)
const url = (protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  })
/** https, or plain http to this machine: tokens and codes travel there. */
const secureUrl = url(['https:', 'http:']).refine((text) => !URL.canParse(text) || isSecure(new URL(text)), {
  error: 'must use https (plain http is only for localhost)',
})
const isSecure = (at: URL) => at.protocol === 'https:' || isLoopback(at)
const origin = secureUrl.refine((text) => !URL.canParse(text) || new URL(text).href === `${new URL(text).origin}/`, {
  error: 'must be an origin only, such as https://app.example.com, without a path',
})
/** The characters that OAuth allows (RFC 6749, appendix A): @fastify/oauth2 fails on others with a message that quotes the secret. */
const clientCredential = z.string().regex(/^[\x20-\x7E]*$/, fault('must consist of printable ASCII characters'))
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)
const hostname = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/,
    fault('must be host names in lower case, without ports, such as plinth.internal'),
  )
const cidr = z.union(
  [z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()],
  fault('must be addresses or CIDR ranges, such as 10.0.0.0/8'),
)
const cidrs = list.pipe(z.array(cidr)).default([])
const secret = z
  .string()
  .refine(
    (text) => Buffer.byteLength(text) >= 32,
    fault('must be at least 32 bytes; `openssl rand -base64 48` makes one'),
  )
  .refine((text) => new Set(text).size >= 10 && !/change.?me|replace.?me|example/i.test(text), {
    error: 'must be random, not a placeholder; `openssl rand -base64 48` makes one',
  })
/**
 * The driver would fill missing parts from PGHOST, PGDATABASE and the like, and throw at a stray percent sign. It has no
 * second try without TLS, which `prefer` and `allow` ask for.
 */
function postgresFault(text: string): string | null {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) return 'must be a URL that begins with postgres://'
  const { hostname, pathname, searchParams } = new URL(text)
  if (hostname === '' || pathname.length < 2) {
    return 'must hold a host and the name of a database: postgres://user:password@host:5432/name'
  }
  const sslmode = searchParams.get('sslmode')
  if (sslmode && !['disable', 'require', 'verify-ca', 'verify-full'].includes(sslmode)) {
    return 'must have sslmode=disable, require, verify-ca or verify-full, if any'
  }
  if (sslmode === 'verify-ca' && !searchParams.has('sslrootcert')) {
    return 'must name the file of the authority for sslmode=verify-ca: sslrootcert=<file>'
  }
  try {
    decodeURIComponent(text)
    return null
  } catch {
    return 'must have its user name and password percent-encoded: % itself is %25'
  }
}
const postgresUrl = z.string().superRefine((text, issue) => {
  const problem = postgresFault(text)
  if (problem) issue.addIssue(problem)
})
const databaseUrl = z.string().superRefine((text, issue) => {
  if (/^sqlite:/i.test(text)) {
    return issue.addIssue(
      'SQLite is not supported; for an embedded database use pglite://<folder>, such as pglite://.data/db',
    )
  }
  if (/^pglite:\/\/.+/.test(text)) return
  const problem = /^postgres/.test(text)
    ? postgresFault(text)
    : 'must begin with postgres:// or pglite:// (pglite://<folder> or pglite://memory)'
  if (problem) issue.addIssue(problem)
})

/** Parts of a connection that have no place here are refused rather than ignored: somebody meant something by them. */
const smtpUrl = url(['smtp:', 'smtps:']).superRefine((text, issue) => {
  if (!URL.canParse(text)) return
  const { hostname, pathname, search, hash, username, password } = new URL(text)
  if (hostname === '') return issue.addIssue('must hold a host: smtp://user:password@host:587')
  if (!['', '/'].includes(pathname) || search || hash) {
    return issue.addIssue('must end after host and port: smtp://user:password@host:587')
  }
  if (!username !== !password) return issue.addIssue('must hold both a user name and a password, or neither')
  try {
    decodeURIComponent(username + password)
  } catch {
    issue.addIssue('must have its user name and password percent-encoded: % itself is %25')
  }
})
/** What belongs elsewhere is refused rather than sent along or left out. */
const assistantUrl = secureUrl.superRefine((text, issue) => {
  if (!URL.canParse(text)) return
  const { username, password, search, hash } = new URL(text)
  if (username || password || search || hash) {
    issue.addIssue(
      'must be the base of the API alone, such as https://api.example.com/v1; a key goes into ASSISTANT_API_KEY',
    )
  }
})
/** `ada@example.org`, `Ada <ada@example.org>` or `"Ada, Inc." <ada@example.org>`. */
const sender = z.string().transform((text, issue) => {
  const [, quoted, plain, inBrackets, bare] =
    /^(?:(?:"([^"\\\p{Cc}]*)"|([^"<>@,;:\\\p{Cc}]*)) *<([^<>]*)>|([^<>]*))$/u.exec(text.trim()) ?? []
  const address = z.email().safeParse(inBrackets ?? bare)
  if (!address.success) {
    issue.addIssue('must be one address, such as Plinth <plinth@example.com>')
    return z.NEVER
  }
  return { name: (quoted ?? plain ?? '').trim(), address: address.data }
})

export const settings = {
  NODE_ENV: z
    .enum(['production', 'development', 'test'], fault('must be production, development or test'))
    .default('production'),
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(8000, 0, 65535),
  HEADERS_TIMEOUT: durationMs('15s'),
  REQUEST_TIMEOUT: durationMs('30s'),
  IDLE_TIMEOUT: durationMs('75s'),
  MAX_CONNECTIONS: whole(10_000, 1, 1_000_000),
  PUBLIC_URL: origin,
  CORS_ORIGINS: list.pipe(z.array(origin)).default([]),
  ALLOWED_HOSTS: list.pipe(z.array(hostname)).default([]),
  TRUST_PROXY: cidrs,
  LOG_LEVEL: z
    .enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      fault('must be fatal, error, warn, info, debug, trace or silent'),
    )
    .default('info'),
  LOG_PII: flag(false),
  DATABASE_URL: databaseUrl,
  DATABASE_DIRECT_URL: postgresUrl.optional(),
  DATABASE_POOL_MAX: whole(10, 1, 1000),
  DATABASE_WAIT: duration
    .refine((n) => n >= ms('2s') && n <= ms('1m'), fault('must be between 2s and 1m'))
    .prefault('2s'),
  REDIS_URL: url(['redis:', 'rediss:']).optional(),
  REAL_AUTH_PROVIDER: z.enum(['google', 'none'], fault('must be google or none')).default('google'),
  USE_MOCK_AUTH: flag(false),
  AUTH_SESSION_MODE: z.enum(['cookies', 'jwt'], fault('must be cookies or jwt')).default('cookies'),
  AUTH_HIDE_EXISTENCE: flag(false),
  GOOGLE_CLIENT_ID: clientCredential.optional(),
  GOOGLE_CLIENT_SECRET: clientCredential.optional(),
  GOOGLE_ISSUER: secureUrl.default('https://accounts.google.com'),
  COOKIE_SECRET: secret,
  JWT_ACCESS_SECRET: secret,
  JWT_REFRESH_SECRET: secret,
  SESSION_IDLE_TTL: durationMs('7d'),
  SESSION_ABSOLUTE_TTL: durationMs('30d'),
  CLERK_ISSUER: secureUrl.optional(),
  CLERK_AUTHORIZED_PARTIES: list.pipe(z.array(origin)).default([]),
  BETTER_AUTH_URL: secureUrl.optional(),
  BETTER_AUTH_SECRET: secret.optional(),
  AUTH_LEGACY_HEADER: z.enum(['on', 'off'], fault('must be on or off')).default('off'),
  LEGACY_HEADER_TRUSTED_CIDRS: cidrs,
  LEGACY_HEADER_SECRET: secret.optional(),
  LEGACY_HEADER_SUNSET: z.iso.date(fault('must be a day, such as 2027-06-30')).default('2027-06-30'),
  PUBLIC_READS: flag(true),
  DRIFT_RETENTION: durationMs('365d'),
  AUDIT_RETENTION: duration.refine((n) => !(n < ms('90d')), { error: 'must be 90d or more' }).optional(),
  MCP: z.enum(['on', 'off'], fault('must be on or off')).default('off'),
  SMTP_URL: smtpUrl.optional(),
  MAIL_FROM: sender.optional(),
  STORAGE_URL: url(['file:', 's3:']).default('file://.data/uploads'),
  INSIGHTS_URL: secureUrl.optional(),
  INSIGHTS_API_KEY: z.string().optional(),
  ASSISTANT_URL: assistantUrl.optional(),
  ASSISTANT_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]+$/, fault('must be printable ASCII without blanks'))
    .optional(),
  ASSISTANT_MODEL: z.string().optional(),
  ASSISTANT_ANSWERS_AT_ONCE: whole(2, 1, 1_000_000),
  ASSISTANT_ANSWERS_PER_HOUR: whole(60, 1, 1_000_000),
  ASSISTANT_ANSWERS_PER_DAY: whole(300, 1, 1_000_000),
  METRICS_TOKEN: secret.optional(),
  RATE_LIMIT_ANONYMOUS: whole(100, 1, 1_000_000),
  RATE_LIMIT_SIGN_IN: whole(5, 1, 1_000_000),
  RATE_LIMIT_SIGNED_IN: whole(600, 1, 1_000_000),
  RATE_LIMIT_INVITATIONS: whole(20, 1, 1_000_000),
  RATE_LIMIT_SOCKETS_PER_PERSON: whole(50, 1, 1_000_000),
  RATE_LIMIT_SOCKETS_PER_ADDRESS: whole(500, 1, 1_000_000),
  RATE_LIMIT_SUBSCRIPTIONS_PER_PERSON: whole(500, 1, 1_000_000),
} as const

export const Settings = z.object(settings)
export type Settings = z.infer<typeof Settings>
