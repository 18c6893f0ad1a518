/** The list of drafts, page by page, each draft, and their loading ahead of a visit. */
import { isSignedIn } from '../account/account-queries.ts'
import { queryClient, trpc } from '../plinth.ts'

export const draftsQuery = trpc.drafts.list.infiniteQueryOptions(
  {},
  { getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined },
)
/** The last changed, as many as one response has: read to see whose turn it is, so never older than the visit. */
export const recentDraftsQuery = trpc.drafts.list.queryOptions({ limit: 100 }, { staleTime: 0 })
export const draftQuery = (draftId: string) => trpc.drafts.get.queryOptions({ draftId })

/** For the owner. `draftLimits.collaborators` bounds them to less than one page. */
export const invitationsQuery = (draftId: string) => trpc.drafts.listInvitations.queryOptions({ draftId, limit: 100 })

export const reloadInvitations = (draftId: string) =>
  queryClient.invalidateQueries({ queryKey: invitationsQuery(draftId).queryKey })

export const prefetchDrafts = () => {
  if (isSignedIn()) void queryClient.prefetchInfiniteQuery(draftsQuery)
}

export const prefetchDraft = (draftId: string) => {
  if (isSignedIn()) void queryClient.prefetchQuery(draftQuery(draftId))
}

export const reloadDrafts = () => queryClient.invalidateQueries({ queryKey: draftsQuery.queryKey })
