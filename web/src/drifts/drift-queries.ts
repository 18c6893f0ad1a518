/** What pages about drifts ask for, and its loading ahead of a visit. Anybody may read them where reads are public. */
import { queryClient, sessionKey, trpc } from '../plinth.ts'
import type { Session } from '../session/session.ts'
import type { DriftsSearch } from './drift-words.ts'

export const rowsPerPage = 100

export const firstPageQuery = ({ status, severity, provider }: DriftsSearch) =>
  trpc.drifts.list.queryOptions({ status, severity, provider, limit: rowsPerPage }, { staleTime: 10_000 })

export const driftQuery = (driftId: string) => trpc.drifts.get.queryOptions({ driftId })
export const decisionQuery = (driftId: string) => trpc.drifts.decision.queryOptions({ driftId })
export const summaryQuery = trpc.metrics.summary.queryOptions()

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
}
