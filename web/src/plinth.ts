/** The one client of this app, the cache of what it was told, and the typed query options that join the two. */
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { createTRPCOptionsProxy } from '@trpc/tanstack-react-query'
import { config } from 'zod'
import { type AppRouter, createPlinth, errorCode } from '../../client/plinth.ts'

// It would try whether it may compile, and our content security policy says no, aloud.
config({ jitless: true })

export const plinth = createPlinth()

export const sessionKey = ['session']

const passingCodes = new Set(['NETWORK_ERROR', 'DATABASE_UNAVAILABLE', 'SERVER_BUSY', 'REQUEST_TIMEOUT'])
const signedOutCodes = new Set([
  'UNAUTHENTICATED',
  'ACCESS_TOKEN_MISSING',
  'REFRESH_REUSED',
  'SESSION_ENDED',
  'INVALID_CREDENTIAL',
  'PERSON_CHANGED',
])

/** No response, or a temporary failure of the server: whether the call took effect may be unknown. */
export const isPassingFailure = (error: unknown) => passingCodes.has(errorCode(error))

/** The server knows of no sign-in behind this call, or of another one than this page. */
export const saysSignedOut = (error: unknown) => signedOutCodes.has(errorCode(error))

/** Whichever call hears first that the session is over, the one place that knows who is signed in looks again. */
export const lookAgain = (error: unknown) => {
  if (saysSignedOut(error)) void queryClient.invalidateQueries({ queryKey: sessionKey })
}

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: lookAgain }),
  mutationCache: new MutationCache({ onError: lookAgain }),
  defaultOptions: {
    queries: {
      // Offline, a call shall fail and say so rather than wait unseen.
      networkMode: 'always',
      staleTime: 30_000,
      retry: (failures, error) => failures < 2 && navigator.onLine && isPassingFailure(error),
      retryDelay: (failures) => 500 * 3 ** failures,
    },
    mutations: { networkMode: 'always' },
  },
})

/** Of mutations with a password in them, or a secret in their answer: the cache forgets it with the form. */
export const secretGcTime = 0

export const trpc = createTRPCOptionsProxy<AppRouter>({ client: plinth, queryClient })
