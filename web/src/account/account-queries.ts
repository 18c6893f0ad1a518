/** The lists of an account, page by page, and their loading ahead of a visit. */
import type { InfiniteData } from '@tanstack/react-query'
import { queryClient, sessionKey, trpc } from '../plinth.ts'
import type { Session } from '../session/session.ts'

const nextCursor = (page: { nextCursor: string | null }) => page.nextCursor ?? undefined

export const devicesQuery = trpc.account.sessions.list.infiniteQueryOptions({}, { getNextPageParam: nextCursor })
export const identitiesQuery = trpc.account.identities.list.infiniteQueryOptions({}, { getNextPageParam: nextCursor })

export const apiKeysQuery = trpc.apiKeys.list.infiniteQueryOptions(
  {},
  { getNextPageParam: ({ pagination }) => nextCursor(pagination) },
)

export const itemsOf = <Item>(data: InfiniteData<{ items: Item[] }, unknown>): Item[] =>
  data.pages.flatMap(({ items }) => items)

/** Before anybody is known to be signed in, asking would only be refused. */
export const isSignedIn = () => queryClient.getQueryData<Session>(sessionKey)?.state === 'signed-in'

export const prefetchDevices = () => {
  if (isSignedIn()) void queryClient.prefetchInfiniteQuery(devicesQuery)
}

export const prefetchSignInMethods = () => {
  if (isSignedIn()) void queryClient.prefetchInfiniteQuery(identitiesQuery)
}

export const prefetchApiKeys = () => {
  if (isSignedIn()) void queryClient.prefetchInfiniteQuery(apiKeysQuery)
}
