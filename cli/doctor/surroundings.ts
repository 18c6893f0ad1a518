/** What Plinth asks over the network, and whether its own server answers. */
import type { Config } from '../../server/app.ts'
import { RemoteJwks } from '../../server/platform/identity/jwks.ts'
import { readOperatorFile } from '../../server/platform/identity/operator-file.ts'
import { databaseFolder } from '../own-database.ts'
import { type Finding, finding, reasonOf } from './finding.ts'

const answerWithinMs = 5_000

export async function inspectRedis({ redisUrl, database }: Config): Promise<Finding[]> {
  if (redisUrl === null) return []
  if (database.url.startsWith('pglite:')) {
    return [
      finding('redis', 'warning', 'REDIS_URL is set, and carries only limits: an embedded database has one instance.'),
    ]
  }
  try {
    const { pingRedis } = await import('../../server/platform/notices/redis-transport.ts')
    await pingRedis(redisUrl)
    return [finding('redis', 'ok', 'Answers, and takes the credentials.')]
  } catch (error) {
    const then = 'Until it is back, news take a second longer and each instance counts limits for itself.'
    return [finding('redis', 'fault', `Redis cannot be used (${(error as Error).message}). Check REDIS_URL. ${then}`)]
  }
}

export async function inspectIssuers({ auth }: Config, faulty: ReadonlySet<string>): Promise<Finding[]> {
  const issuers: Promise<Finding>[] = []
  if (!auth.mock && auth.google && !['GOOGLE_ISSUER', 'GOOGLE_CLIENT_ID'].some((name) => faulty.has(name))) {
    issuers.push(inspectDiscovery(auth.google.issuer))
  }
  if (auth.clerk) {
    issuers.push(inspectKeys('clerk', 'CLERK_ISSUER', `${withoutSlash(auth.clerk.issuer)}/.well-known/jwks.json`))
  }
  if (auth.betterAuth.url) {
    issuers.push(inspectKeys('better auth', 'BETTER_AUTH_URL', `${withoutSlash(auth.betterAuth.url)}/api/auth/jwks`))
  }
  return Promise.all(issuers)
}

const withoutSlash = (url: string) => url.replace(/\/+$/, '')

async function inspectDiscovery(issuer: string): Promise<Finding> {
  try {
    const url = `${withoutSlash(issuer)}/.well-known/openid-configuration`
    const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(answerWithinMs) })
    if (!answer.ok) throw new Error(`status ${answer.status}`)
    const { issuer: named, jwks_uri: keys } = (await answer.json()) as { issuer?: string; jwks_uri?: string }
    if (named !== issuer || !keys) {
      return finding(
        'google',
        'fault',
        'What answers at GOOGLE_ISSUER goes by another name. Copy `issuer` of its discovery document.',
      )
    }
    return await inspectKeys('google', 'GOOGLE_ISSUER', keys)
  } catch (error) {
    return finding(
      'google',
      'fault',
      `GOOGLE_ISSUER cannot be reached (${reasonOf(error)}): no user can sign in with Google. Check address and network.`,
    )
  }
}

async function inspectKeys(check: string, setting: string, url: string): Promise<Finding> {
  try {
    await new RemoteJwks(url).key(undefined, 'RS256')
    return finding(check, 'ok', 'Answers, and publishes keys.')
  } catch (error) {
    return finding(
      check,
      'fault',
      `The keys of ${setting} cannot be had (${reasonOf((error as Error).cause)}): its tokens are refused.`,
    )
  }
}

export async function inspectServer(config: Config): Promise<Finding> {
  const url = ownUrl(config)
  if (url === null)
    return finding(
      'server',
      'warning',
      'None has the embedded database open. Start it, or go on: commands work without.',
    )
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(answerWithinMs) })
    const { status } = (await answer.json()) as { status?: string }
    if (answer.ok) return finding('server', 'ok', `Ready, at ${url}.`)
    return finding(
      'server',
      'fault',
      `At ${url}, and not ready (${status ?? answer.status}): its log says what it waits for.`,
    )
  } catch (error) {
    return finding(
      'server',
      'warning',
      `None answers at ${url} (${reasonOf(error)}). Start it, or look at HOST and PORT.`,
    )
  }
}

/** On this machine; null where none can be. */
function ownUrl(config: Config): string | null {
  const folder = databaseFolder(config)
  const { host, port } = config.server
  const near = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const byPort = `http://${near.includes(':') ? `[${near}]` : near}:${port}`
  if (folder === null) return byPort
  try {
    return readOperatorFile(folder)?.url ?? null
  } catch {
    return byPort
  }
}
