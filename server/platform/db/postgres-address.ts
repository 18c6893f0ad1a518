/**
 * A Postgres URL as options of postgres.js, read as libpq reads it. postgres.js's own reader is not used: it sends every parameter that
 * it does not know to Postgres as a setting, such as Prisma's and PgBouncer's, and does not read files of certificates.
 */
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'

export interface Address {
  readonly host: string
  readonly port: number
  /** Of a socket in the file system, in place of host and port. */
  readonly path: string | null
  readonly user: string
  readonly password: string
  readonly database: string
  readonly ssl: false | Tls
  /** Settings of the session, as in `PGOPTIONS`. */
  readonly options: string | null
}

interface Tls {
  ca?: string
  cert?: string
  key?: string
  rejectUnauthorized?: false
  checkServerIdentity?: () => undefined
}

/** @throws where it names a file that cannot be read */
export function addressOf(text: string): Address {
  const { hostname, port: givenPort, username, password, pathname, searchParams } = new URL(text)
  const host = searchParams.get('host') ?? decodeURIComponent(hostname).replace(/^\[(.+)\]$/, '$1')
  const port = Number(searchParams.get('port') ?? givenPort) || 5432
  return {
    host,
    port,
    path: host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : null,
    user: decodeURIComponent(username) || userInfo().username,
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    ssl: tlsOf(searchParams),
    options: searchParams.get('options'),
  }
}

const files = { ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' }

/** `require` encrypts and verifies nothing, unless an authority is named. `verify-ca` verifies the certificate, not its host. */
function tlsOf(parameters: URLSearchParams): false | Tls {
  const mode = parameters.get('sslmode')
  const isNamed = mode !== null || ['true', '1'].includes(parameters.get('ssl') ?? '')
  const given = Object.entries(files).flatMap(([option, parameter]) => {
    const file = parameters.get(parameter)
    return file === null ? [] : [[option, readFileSync(file, 'utf8')]]
  })
  if (mode === 'disable' || (!isNamed && given.length === 0)) return false
  const tls: Tls = Object.fromEntries(given)
  if (mode === 'require' && !tls.ca) tls.rejectUnauthorized = false
  if (mode === 'verify-ca' || (mode === 'require' && tls.ca)) tls.checkServerIdentity = () => undefined
  return tls
}
