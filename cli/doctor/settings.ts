/**
 * The settings, all faults at once; and a Config to go on with, in which what is at fault is replaced by something harmless, so that one
 * wrong setting hides nothing else. What depends on such a setting is not looked at.
 */
import { randomBytes } from 'node:crypto'
import { type Config, ConfigError, readConfig } from '../../server/app.ts'
import { type Finding, finding } from './finding.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface Settings {
  /** Null when nothing can be made of them. */
  readonly config: Config | null
  /** By name. */
  readonly faulty: ReadonlySet<string>
  readonly findings: readonly Finding[]
}

const secret = () => randomBytes(48).toString('base64')
/** Any other is as if it were not set. */
const standIns: Record<string, () => string> = {
  PUBLIC_URL: () => 'http://localhost',
  DATABASE_URL: () => 'pglite://memory',
  GOOGLE_CLIENT_ID: () => 'stand-in',
  GOOGLE_CLIENT_SECRET: () => 'stand-in',
  COOKIE_SECRET: secret,
  JWT_ACCESS_SECRET: secret,
  JWT_REFRESH_SECRET: secret,
  MAIL_FROM: () => 'stand-in@example.com',
  CLERK_AUTHORIZED_PARTIES: () => 'https://example.com',
  LEGACY_HEADER_TRUSTED_CIDRS: () => '127.0.0.1',
  LEGACY_HEADER_SECRET: secret,
}
/** One stand-in may make another setting needed. */
const rounds = 5

export function inspectSettings(environment: Environment): Settings {
  const faulty = new Set<string>()
  let findings: Finding[] | undefined
  let tried = environment
  for (let round = 0; round < rounds; round++) {
    try {
      const config = readConfig(tried)
      return {
        config,
        faulty,
        findings: findings ?? [finding('settings', 'ok', 'All that are required are set, and fit.')],
      }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      findings ??= error.faults.map(({ setting, problem }) => finding('settings', 'fault', `${setting} ${problem}.`))
      for (const { setting } of error.faults) faulty.add(setting)
      const replaced = Object.fromEntries(error.faults.map(({ setting }) => [setting, standIns[setting]?.()]))
      tried = { ...tried, ...replaced }
    }
  }
  return { config: null, faulty, findings: findings ?? [] }
}
