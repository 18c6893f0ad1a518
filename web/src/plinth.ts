/** The one client of this app, the cache of what it was told, and the typed query options that join the two. */
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { createTRPCOptionsProxy } from '@trpc/tanstack-react-query'
import { type AppRouter, createPlinth, errorCode } from '../../client/plinth.ts'

export const plinth = createPlinth()

export const sessionKey = ['session']

const passingCodes = new Set(['NETWORK_ERROR', 'DATABASE_UNAVAILABLE', 'SERVER_BUSY', 'REQUEST_TIMEOUT'])
const signedOutCodes = new Set(['UNAUTHENTICATED', 'SESSION_ENDED', 'INVALID_CREDENTIAL'])

/** The server knows of no sign-in behind this call. */
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
      retry: (failures, error) => failures < 2 && navigator.onLine && passingCodes.has(errorCode(error)),
      retryDelay: (failures) => 500 * 3 ** failures,
    },
    mutations: { networkMode: 'always' },
  },
})

export const trpc = createTRPCOptionsProxy<AppRouter>({ client: plinth, queryClient })
