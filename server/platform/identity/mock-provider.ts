/**
 * USE_MOCK_AUTH: a provider inside the process that says yes at once. Everything around it (attempt, callback, session,
 * tables) is the real thing. The config schema refuses it in production.
 */
import type { Config } from '../config/config.ts'
import type { Database } from '../db/database.ts'
import { AppError } from '../errors/app-error.ts'
import { demoProfiles, seedDemoPeople } from './demo-people.ts'
import type { Provider } from './provider.ts'
import { callbackPath } from './sign-in-path.ts'

export function mockProvider(config: Config, db: Database): Provider {
  return {
    /** `?demo=engineer` on the way in chooses the person; the admin otherwise. */
    async authorize(attempt, { demo }) {
      const chosen = demoProfiles.find(({ role }) => role === demo) ?? demoProfiles.find(({ role }) => role === 'admin')
      const url = new URL(config.server.publicUrl + callbackPath)
      url.search = new URLSearchParams({ code: chosen?.subject ?? '', state: attempt.state }).toString()
      // No code is exchanged.
      return { url, verifier: '' }
    },
    async finish(callbackQuery) {
      const profile = demoProfiles.find(({ subject }) => subject === callbackQuery.get('code'))
      if (!profile)
        throw new AppError(callbackQuery.get('error') === 'access_denied' ? 'SIGN_IN_CANCELLED' : 'SIGN_IN_FAILED')
      // Before they sign in: a person who is only made then gets the role of a stranger.
      await seedDemoPeople(db, config)
      return profile
    },
  }
}
