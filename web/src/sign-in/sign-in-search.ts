/** What the address of the sign-in page may carry: where to go afterwards, and how an attempt failed. */
import { queryClient, trpc } from '../plinth.ts'

export interface SignInSearch {
  returnTo?: string
  /** Code of a failed attempt, put there by the server. */
  error?: string
  requestId?: string
}

// The router reads what looks like a number as one.
const text = (value: unknown) => (value === undefined || value === null ? undefined : String(value))

export const readSignInSearch = (search: Record<string, unknown>): SignInSearch => ({
  returnTo: text(search.returnTo),
  error: text(search.error),
  requestId: text(search.requestId),
})

export const methodsQuery = trpc.account.methods.queryOptions(undefined, { staleTime: 300_000 })

export const prefetchMethods = () => void queryClient.prefetchQuery(methodsQuery)
