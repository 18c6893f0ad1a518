/** What a list of drifts is: its order, which drifts a filter shows, and what an event says of one. Decisions are never queued. */
import { byCodeUnits, type ListRules } from '../../../../client/channel.ts'
import type { DriftEvent, DriftSummary } from '../../../../shared/drifts.ts'
import { fitsSearch } from '../../../../shared/search-words.ts'
import { type DriftsSearch, severities } from '../drift-words.ts'

/** Of one order. */
export type Filters = Omit<DriftsSearch, 'sort'>
type Order = DriftsSearch['sort']

/** Filters as a text, for views are compared. */
export const viewOf = ({ status = 'pending', severity, provider, search }: Filters) =>
  JSON.stringify({ status, severity, provider, search })

/** Each is needed for every row. */
const read = new Map<string, Filters>()
export function filtersOf(view: string): Filters {
  const filters: Filters = read.get(view) ?? JSON.parse(view)
  read.set(view, filters)
  return filters
}

const isOf = (wanted: Filters['status'], status: DriftSummary['status']) =>
  wanted === 'decided' ? status === 'approved' || status === 'rejected' : wanted === status

const byDetection = (one: DriftSummary, other: DriftSummary) =>
  byCodeUnits(other.detectedAt, one.detectedAt) || byCodeUnits(other.id, one.id)

export const compareBy =
  (order: Order) =>
  (one: DriftSummary, other: DriftSummary): number =>
    (order === 'severity' && severities.indexOf(one.severity) - severities.indexOf(other.severity)) ||
    byDetection(one, other)

export const rulesBy = (order: Order): ListRules<DriftSummary, DriftEvent, never, string> => ({
  compare: compareBy(order),
  isIn(view, { status, severity, resource, externalId }) {
    const wanted = filtersOf(view)
    return (
      isOf(wanted.status, status) &&
      (wanted.severity ?? severity) === severity &&
      (wanted.provider ?? resource.provider) === resource.provider &&
      (wanted.search === undefined ||
        fitsSearch([...Object.values(resource), externalId].filter(Boolean).join(' '), wanted.search))
    )
  },
  read(event) {
    if ('drift' in event) return { put: event.drift, isNew: event.type === 'drift.created' }
    const { id, status, version, at } = event
    return { patch: { id, status, version, updatedAt: at, ...(event.type !== 'drift.resolved' && { decidedAt: at }) } }
  },
  calls: {},
})

type Decided = Exclude<DriftEvent, { drift: DriftSummary }>

/** Whether a drift is in the view since this event, which does not have all that the view shows of it. */
export const movesInto = (view: string, event: DriftEvent): event is Decided =>
  !('drift' in event) && isOf(filtersOf(view).status, event.status)
