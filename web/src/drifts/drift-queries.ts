/** The queries of pages about drifts, and their loading ahead of a visit. Everybody may read them where reads are public. */
import { queryClient, sessionKey, trpc } from '../plinth.ts'
import type { Session } from '../session/session.ts'
import type { DriftsSearch } from './drift-words.ts'

const rowsPerPage = 100

export const requestFor = ({ status = 'pending', severity, provider, search, sort }: DriftsSearch) => ({
  status,
  severity,
  provider,
  search,
  sort,
  limit: rowsPerPage,
})

export const firstPageQuery = (search: DriftsSearch) =>
  trpc.drifts.list.queryOptions(requestFor(search), { staleTime: 10_000 })

export const driftQuery = (driftId: string) => trpc.drifts.get.queryOptions({ driftId })
export const decisionQuery = (driftId: string) => trpc.drifts.decision.queryOptions({ driftId })
export const historyQuery = (driftId: string) => trpc.drifts.history.queryOptions({ driftId })
export const summaryQuery = trpc.metrics.summary.queryOptions()
/** For visitors of the home page. */
export const newestPendingQuery = trpc.drifts.list.queryOptions({ status: 'pending', limit: 5 })

/** Before it is known who asks, the answer might be another person's. */
const isKnown = () => queryClient.getQueryData<Session>(sessionKey) !== undefined

export const prefetchDriftRows = (search: DriftsSearch) => {
  if (isKnown()) void queryClient.prefetchQuery(firstPageQuery(search))
}

export const prefetchDrift = (driftId: string) => {
  if (isKnown()) void queryClient.prefetchQuery(driftQuery(driftId))
}

export const prefetchSummary = () => {
  if (isKnown()) void queryClient.prefetchQuery(summaryQuery)
}

export function reloadDrift(driftId: string) {
  void queryClient.invalidateQueries({ queryKey: driftQuery(driftId).queryKey })
  void queryClient.invalidateQueries({ queryKey: decisionQuery(driftId).queryKey })
  void queryClient.invalidateQueries({ queryKey: historyQuery(driftId).queryKey })
}
