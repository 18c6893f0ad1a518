/** A database and an OpenID provider for a server under attack, and its settings, with the default limits. */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type OpenIdProvider, publicUrl } from '../chaos/people.ts'
import { clientId, clientSecret, startOpenIdProvider } from '../openid-provider.ts'
import { PostgresServer } from '../postgres-server.ts'
import { marks } from './dictionary.ts'

export const databases = ['postgres', 'embedded'] as const
export type DatabaseName = (typeof databases)[number]

/** Adds functions that close them to `ends`. */
export async function prepareServer(
  { database, folder }: { database: DatabaseName; folder: string },
  ends: (() => unknown)[],
): Promise<{ provider: OpenIdProvider; metricsToken: string; environment: Record<string, string> }> {
  mkdirSync(folder, { recursive: true })
  const postgres = database === 'postgres' ? await PostgresServer.create() : null
  ends.push(() => postgres?.close())
  const provider = await startOpenIdProvider()
  ends.push(() => provider.close())
  const secret = () => marks.secret + randomBytes(48).toString('base64url')
  const metricsToken = secret()
  const environment = {
    // One as in production, with cookies; the other as in development, with tokens and readable mails.
    NODE_ENV: postgres ? 'production' : 'development',
    AUTH_SESSION_MODE: postgres ? 'cookies' : 'jwt',
    PUBLIC_URL: publicUrl,
    DATABASE_URL: postgres?.url() ?? `pglite://${join(folder, 'db')}`,
    GOOGLE_CLIENT_ID: clientId,
    GOOGLE_CLIENT_SECRET: clientSecret,
    GOOGLE_ISSUER: provider.issuer,
    COOKIE_SECRET: secret(),
    JWT_ACCESS_SECRET: secret(),
    JWT_REFRESH_SECRET: secret(),
    METRICS_TOKEN: metricsToken,
    MCP: 'on',
    // In development every process of this machine may send it, so it is on only in production.
    AUTH_LEGACY_HEADER: postgres ? 'on' : 'off',
    LEGACY_HEADER_TRUSTED_CIDRS: '127.0.0.1/32',
    LEGACY_HEADER_SECRET: secret(),
    BETTER_AUTH_SECRET: secret(),
  }
  return { provider, metricsToken, environment }
}
