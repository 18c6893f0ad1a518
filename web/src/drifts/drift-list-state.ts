/**
 * The list of drifts as somebody reads it, the newest detected first: what the server answered, and every event since. What
 * has happened changes rows in their places; what is new waits in `arrived` until it is asked for, so that nothing moves under
 * a reader. Each change is applied by version, so that hearing of it twice, or late, does no harm.
 */
import type { DriftEvent, DriftSummary } from '../../../shared/drifts.ts'
import type { DriftsSearch } from './drift-words.ts'

export interface DriftListState {
  rows: readonly DriftSummary[]
  /** New ones that are not shown yet, the newest first. */
  arrived: readonly DriftSummary[]
  /** Of all that match, those that arrived too. */
  total: number
  /** Something changed that may or may not have been counted: only the server can tell. */
  isTotalUnsure: boolean
  /** Null on the last page. */
  nextCursor: string | null
}

interface Page {
  items: DriftSummary[]
  pagination: { total: number; nextCursor: string | null }
}

export const toListState = ({ items, pagination: { total, nextCursor } }: Page): DriftListState => ({
  rows: items,
  arrived: [],
  total,
  isTotalUnsure: false,
  nextCursor,
})

/** The page after those that are there. Whoever slid onto it from the one before stays where they are. */
export function addPage(state: DriftListState, { items, pagination: { nextCursor } }: Page): DriftListState {
  const known = new Set([...state.rows, ...state.arrived].map(({ id }) => id))
  return { ...state, rows: [...state.rows, ...items.filter(({ id }) => !known.has(id))], nextCursor }
}

export function showArrived(state: DriftListState): DriftListState {
  if (state.arrived.length === 0) return state
  return { ...state, rows: [...state.rows, ...state.arrived].sort(byDetection), arrived: [] }
}

export function hearEvent(state: DriftListState, event: DriftEvent, filters: DriftsSearch): DriftListState {
  return 'drift' in event ? putDrift(state, event.drift, filters) : decide(state, event, filters)
}

/** A drift as it is now, from an event or from the answer to what was done here. */
export function putDrift(state: DriftListState, drift: DriftSummary, filters: DriftsSearch): DriftListState {
  const before = find(state, drift.id)
  if (before) return before.version >= drift.version ? state : replace(state, before, drift, filters)
  if (drift.version > 1) {
    // It may have been counted as it was before.
    const unsure = { ...state, isTotalUnsure: state.isTotalUnsure || hasFilters(filters) }
    return matches(drift, filters) && isWithin(state, drift) ? arrive(unsure, drift) : unsure
  }
  if (!matches(drift, filters)) return state
  const counted = { ...state, total: state.total + 1 }
  return isWithin(state, drift) ? arrive(counted, drift) : counted
}

type Decided = Exclude<DriftEvent, { drift: DriftSummary }>

function decide(state: DriftListState, event: Decided, filters: DriftsSearch): DriftListState {
  const before = find(state, event.id)
  if (!before) return hasFilters(filters) ? { ...state, isTotalUnsure: true } : state
  if (before.version >= event.version) return state
  const { status, version, at } = event
  const decidedAt = event.type === 'drift.resolved' ? before.decidedAt : at
  return replace(state, before, { ...before, status, version, decidedAt, updatedAt: at }, filters)
}

/** The one that an event makes match but does not show: it has to be asked for. */
export function unknownMatch(state: DriftListState, event: DriftEvent, filters: DriftsSearch): string | null {
  if ('drift' in event || event.status !== filters.status) return null
  return find(state, event.id) ? null : event.id
}

/** A row that does not match any more stays where it is, as it is now; one that nobody has seen yet goes. */
function replace(state: DriftListState, before: DriftSummary, drift: DriftSummary, filters: DriftsSearch) {
  const [was, is] = [matches(before, filters), matches(drift, filters)]
  const swap = (one: DriftSummary) => (one === before ? drift : one)
  return {
    ...state,
    rows: state.rows.includes(before) ? state.rows.map(swap) : state.rows,
    arrived: state.arrived.map(swap).filter((one) => one !== drift || is),
    total: state.total + Number(is) - Number(was),
  }
}

/** Into an empty list at once: there is nothing that it could move. */
function arrive(state: DriftListState, drift: DriftSummary): DriftListState {
  if (state.rows.length === 0) return { ...state, rows: [drift] }
  return { ...state, arrived: [drift, ...state.arrived].sort(byDetection) }
}

const find = ({ rows, arrived }: DriftListState, driftId: string) =>
  arrived.find(({ id }) => id === driftId) ?? rows.find(({ id }) => id === driftId)

const hasFilters = ({ status, severity, provider }: DriftsSearch) => Boolean(status || severity || provider)

const matches = ({ status, severity, resource }: DriftSummary, filters: DriftsSearch) =>
  (filters.status ?? status) === status &&
  (filters.severity ?? severity) === severity &&
  (filters.provider ?? resource.provider) === resource.provider

/** Among the rows that are there, rather than on a page that is still to come. */
function isWithin({ rows, nextCursor }: DriftListState, drift: DriftSummary): boolean {
  const last = rows.at(-1)
  return nextCursor === null || last === undefined || byDetection(drift, last) < 0
}

/** As the server lists them. Instants are written in one way, so their text sorts as they do. */
function byDetection(one: DriftSummary, other: DriftSummary): number {
  if (one.detectedAt !== other.detectedAt) return one.detectedAt > other.detectedAt ? -1 : 1
  return one.id > other.id ? -1 : 1
}
