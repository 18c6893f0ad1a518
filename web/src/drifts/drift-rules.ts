/** What a list of drifts is: its order, which drifts a filter shows, and what an event says of one. Decisions are never queued. */
import { byCodeUnits, type ListRules } from '../../../client/channel.ts'
import type { DriftEvent, DriftSummary } from '../../../shared/drifts.ts'
import type { DriftsSearch } from './drift-words.ts'

/** Filters as a text, for views are compared. */
export const viewOf = ({ status, severity, provider }: DriftsSearch) => JSON.stringify({ status, severity, provider })

/** Each is needed for every row. */
const read = new Map<string, DriftsSearch>()
export function filtersOf(view: string): DriftsSearch {
  const filters: DriftsSearch = read.get(view) ?? JSON.parse(view)
  read.set(view, filters)
  return filters
}

export const driftRules: ListRules<DriftSummary, DriftEvent, never, string> = {
  compare: (one, other) => byCodeUnits(other.detectedAt, one.detectedAt) || byCodeUnits(other.id, one.id),
  isIn(view, { status, severity, resource }) {
    const wanted = filtersOf(view)
    return (
      (wanted.status ?? status) === status &&
      (wanted.severity ?? severity) === severity &&
      (wanted.provider ?? resource.provider) === resource.provider
    )
  },
  isWhole: (view) => view === viewOf({}),
  read(event) {
    if ('drift' in event) return { put: event.drift, isNew: event.type === 'drift.created' }
    const { id, status, version, at } = event
    return { patch: { id, status, version, updatedAt: at, ...(event.type !== 'drift.resolved' && { decidedAt: at }) } }
  },
  calls: {},
}

type Decided = Exclude<DriftEvent, { drift: DriftSummary }>

/** Whether a drift is in the view since this event, which does not have all that the view shows of it. */
export const movesInto = (view: string, event: DriftEvent): event is Decided =>
  !('drift' in event) && event.status === filtersOf(view).status
