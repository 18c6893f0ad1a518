/**
 * The host names that requests may use. A page of another site can have its own name resolve to this machine (DNS rebinding, CWE-350); to
 * the browser it is same-origin then, and only the `Host` header shows the difference.
 */
import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { AppError } from '../errors/app-error.ts'

const headerName = 'host'

/**
 * Returns the error for a request's `Host` header, if any. Accepted are IP addresses, which no name server can redirect, `localhost`, and the
 * names of PUBLIC_URL, CORS_ORIGINS and ALLOWED_HOSTS. Without ALLOWED_HOSTS every name is accepted, except in development.
 */
export function hostRule({ server }: Config): (request: FastifyRequest) => AppError | undefined {
  const { publicUrl, corsOrigins, allowedHosts, anyHost } = server
  const names = new Set([publicUrl, ...corsOrigins].map((origin) => new URL(origin).hostname).concat(allowedHosts))
  return ({ raw: { rawHeaders, headers } }) => {
    // RFC 9112 section 3.2. Node keeps the first, a proxy before it may have kept the last.
    if (countHosts(rawHeaders) > 1) {
      return new AppError('VALIDATION_ERROR', { details: [{ field: headerName, message: 'Must be there once' }] })
    }
    if (anyHost || headers.host === undefined) return undefined
    const name = hostnameOf(headers.host)
    if (name !== null && (names.has(name) || isLocalName(name) || isIP(name.replace(/^\[(.*)\]$/, '$1'))))
      return undefined
    return new AppError('HOST_NOT_ALLOWED')
  }
}

function countHosts(rawHeaders: readonly string[]): number {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    if (name.length === headerName.length && name.toLowerCase() === headerName) count++
  }
  return count
}

function hostnameOf(host: string): string | null {
  const address = `http://${host}/`
  if (!URL.canParse(address)) return null
  const { hostname, pathname, username, search, hash } = new URL(address)
  return pathname === '/' && !username && !search && !hash ? hostname : null
}

/** RFC 6761 section 6.3: no name server is asked for them. */
const isLocalName = (name: string) => name === 'localhost' || name.endsWith('.localhost')
