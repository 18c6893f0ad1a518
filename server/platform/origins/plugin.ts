/**
 * Who may make a browser act here. An unsafe request that another site could have caused (CSRF), and a WebSocket
 * upgrade (cross-site WebSocket hijacking, CWE-1385), must come from an origin of ours, and every request by a name of ours.
 */
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config/config.ts'
import { AppError } from '../errors/app-error.ts'
import { hostRule } from './hosts.ts'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

export const originsPlugin = fp(
  async (app) => {
    const allowed = allowedOrigins(app.config)
    const hostFault = hostRule(app.config)
    app.addHook('onRequest', (request, _reply, done) => {
      const unsafe = !safeMethods.has(request.method) || request.headers.upgrade !== undefined
      done(
        hostFault(request) ??
          (unsafe && !isOwnOrigin(request, allowed) ? new AppError('ORIGIN_NOT_ALLOWED') : undefined),
      )
    })
  },
  { name: 'plinth-origins', dependencies: ['plinth-config'], fastify: '5.x' },
)

export const allowedOrigins = (config: Config): ReadonlySet<string> =>
  new Set([config.server.publicUrl, ...config.server.corsOrigins])

/**
 * `Sec-Fetch-Site` cannot be set by a page, so it may vouch for one whose Origin we do not list (another name of this
 * machine). Without an Origin there is no browser page, and so nobody whose cookie could be abused, unless one came.
 */
function isOwnOrigin({ headers }: FastifyRequest, allowed: ReadonlySet<string>): boolean {
  if (headers['sec-fetch-site'] === 'same-origin') return true
  if (headers.origin !== undefined) return allowed.has(headers.origin)
  return headers.cookie === undefined && headers['sec-fetch-site'] === undefined
}
