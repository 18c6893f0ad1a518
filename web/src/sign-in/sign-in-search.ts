/** What the addresses of the pages on the way in may carry: where to go afterwards, and how an attempt failed. */
import { useSearch } from '@tanstack/react-router'
import { queryClient, trpc } from '../plinth.ts'
import { safeReturnTo } from '../session/sign-in-link.ts'

export interface ReturnSearch {
  returnTo?: string
}

export interface SignInSearch extends ReturnSearch {
  /** Code of a failed attempt, put there by the server. */
  error?: string
  requestId?: string
}

// The router reads what looks like a number as one.
export const textOf = (value: unknown) => (value === undefined || value === null ? undefined : String(value))

export const readReturnSearch = (search: Record<string, unknown>): ReturnSearch => ({
  returnTo: textOf(search.returnTo),
})

export const readSignInSearch = (search: Record<string, unknown>): SignInSearch => ({
  ...readReturnSearch(search),
  error: textOf(search.error),
  requestId: textOf(search.requestId),
})

/** Where signing in leads, and the search by which the other pages on the way in are told of it. */
export function useReturnTo() {
  const { returnTo: wanted } = useSearch({ strict: false })
  const returnTo = safeReturnTo(wanted)
  return { returnTo, onTheWay: returnTo === '/' ? {} : { returnTo } }
}

export const methodsQuery = trpc.account.methods.queryOptions(undefined, { staleTime: 300_000 })

export const prefetchMethods = () => void queryClient.prefetchQuery(methodsQuery)
