/** Sessions for the whole app, and the check of those that open sockets depend on. */
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { recurring } from '../jobs/recurring.ts'
import { deprecationHeaders } from '../rest/deprecation.ts'
import { AccessTokens } from './access-token.ts'
import { googleProvider } from './google-provider.ts'
import { nameIssuers } from './identity-key.ts'
import { LegacyBridge } from './legacy-bridge.ts'
import { LegacyHeader } from './legacy-header.ts'
import { LegacySessions } from './legacy-sessions.ts'
import { mockProvider } from './mock-provider.ts'
import { deleteOldOneTimeTokens } from './one-time-tokens.ts'
import { openToOperator } from './operator-door.ts'
import { OperatorToken } from './operator-token.ts'
import { defaultRefusalMs, OutsideSessions } from './outside-sessions.ts'
import { PasswordHashes } from './password-hash.ts'
import { defaultProfileTrustMs, Profiles } from './profiles.ts'
import type { Provider } from './provider.ts'
import { defaultSessionTimes, Sessions, type SessionTimes } from './sessions.ts'

declare module 'fastify' {
  interface FastifyInstance {
    sessions: Sessions
    profiles: Profiles
    passwordHashes: PasswordHashes
    outsideSessions: OutsideSessions
    accessTokens: AccessTokens
    legacyBridge: LegacyBridge | null
    operatorToken: OperatorToken
    /** Null with REAL_AUTH_PROVIDER=none. */
    signInProvider: Provider | null
    identityTimes: IdentityTimes
  }
}

export interface IdentityTimes extends SessionTimes {
  profileTrustMs: number
  /** The least time that an answer takes whose work depends on whether there is an account. */
  unseenMs: number
  /** How long a sign-in waits for each answer of its provider. */
  providerDeadlineMs: number
  /** How long the refusal of a token of another issuer is cached. */
  outsideRefusalMs: number
}
export const defaultIdentityTimes: IdentityTimes = {
  ...defaultSessionTimes,
  profileTrustMs: defaultProfileTrustMs,
  // Far longer than the work takes, which is more where there is an account.
  unseenMs: 300,
  providerDeadlineMs: 5000,
  outsideRefusalMs: defaultRefusalMs,
}
/** For instances of a release without issuers that run beside this one. */
const nameEveryMs = 3_600_000
const deleteEveryMs = 6 * 3_600_000
/** It was never meant to stay. */
const deprecatedSince = '2026-01-01'

export const identityPlugin = fp<{ times?: Partial<IdentityTimes> | undefined }>(
  async (app, options) => {
    const times = { ...defaultIdentityTimes, ...options.times }
    const sessions = new Sessions(app.database.db, app.config.auth, app.notices, app.log, times)
    app.decorate('sessions', sessions)
    app.decorate('profiles', new Profiles(app.database.db, app.notices, times.profileTrustMs))
    app.decorate('identityTimes', times)
    app.decorate('passwordHashes', new PasswordHashes())
    const { outsideRefusalMs } = times
    app.decorate('outsideSessions', new OutsideSessions(app.database.db, sessions, app.config, outsideRefusalMs))
    app.decorate('accessTokens', new AccessTokens(app.config))
    app.decorate('legacyBridge', bridgeOf(app, sessions))
    const { legacyHeader } = app.config.auth
    if (app.legacyBridge && legacyHeader) tellOfItsEnd(app, app.legacyBridge, legacyHeader.sunset)
    app.decorate('operatorToken', new OperatorToken())
    app.decorate('signInProvider', providerOf(app, times))
    if (app.database.folder) openToOperator(app, app.operatorToken, app.database.folder)

    let checking: Promise<void> | undefined
    const check = () => {
      checking ??= sessions
        .checkWatched()
        // The database is away: nobody's session is over for that.
        .catch((err) => app.log.debug({ err }, 'sessions of open sockets not checked'))
        .finally(() => {
          checking = undefined
        })
    }
    const timer = setInterval(check, times.checkEveryMs)
    app.notices.on('notices.connected', check)
    const stopDeleting = recurring(
      {
        name: 'delete old sessions and one-time tokens',
        everyMs: deleteEveryMs,
        ready: app.database.whenReady,
        deletesFrom: app.database.db,
        async work(signal) {
          const deleted = await sessions.deleteOld(signal)
          if (deleted > 0) app.log.info({ deleted }, 'sessions that ended a month ago deleted')
          const tokens = await deleteOldOneTimeTokens(app.database.db)
          if (tokens > 0) app.log.info({ deleted: tokens }, 'one-time tokens of before yesterday deleted')
        },
      },
      app.log,
    )
    const stopNaming = recurring(
      {
        name: 'store the issuers of older identities',
        everyMs: nameEveryMs,
        ready: app.database.whenReady,
        async work() {
          const named = await nameIssuers(app.database.db, app.config)
          if (named > 0) app.log.info({ named }, 'stored the issuers of identities of an earlier release')
        },
      },
      app.log,
    )
    app.addHook('onClose', async () => {
      clearInterval(timer)
      await stopNaming()
      await stopDeleting()
      await checking
    })
  },
  {
    name: 'plinth-identity',
    dependencies: ['plinth-config', 'plinth-metrics', 'plinth-database', 'plinth-notices'],
    fastify: '5.x',
  },
)

function providerOf({ config, database, log }: FastifyInstance, times: IdentityTimes): Provider | null {
  const { mock, google } = config.auth
  if (mock) return mockProvider(config, database.db)
  return google && googleProvider(config, google, log, times)
}

function bridgeOf({ config, database, metrics }: FastifyInstance, sessions: Sessions): LegacyBridge | null {
  if (!config.auth.legacyHeader) return null
  const counted = (outcome: 'accepted' | 'refused') => metrics.legacyHeaderUses.inc({ outcome })
  const legacySessions = new LegacySessions(database.db, sessions, counted)
  return new LegacyBridge(new LegacyHeader(config.auth.legacyHeader, config.production), legacySessions, config)
}

/** On each answer that stands on the header: its clients learn that it is going, and when. */
function tellOfItsEnd(app: FastifyInstance, bridge: LegacyBridge, sunset: string): void {
  const headers = deprecationHeaders({ since: deprecatedSince, sunset })
  app.addHook('onRequest', async ({ raw }, reply) => {
    if (bridge.isAlone(raw)) reply.headers(headers)
  })
}
