/** What the states and severities of drifts are called, in the order in which they are offered; and which of them an address names. */
import type { DriftAction, DriftStatus, ListedStatus, Severity } from '../../../shared/drifts.ts'

export const statusNames: Record<DriftStatus, string> = {
  pending: 'Pending',
  approved: 'Approved',
  rejected: 'Rejected',
  resolved: 'Resolved',
}

export const severityNames: Record<Severity, string> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
}

export const statuses = Object.keys(statusNames) as DriftStatus[]
/** From the most urgent to the least. */
export const severities = Object.keys(severityNames) as Severity[]

export interface DriftsSearch {
  /** Those to decide where absent. */
  status?: ListedStatus
  severity?: Severity
  provider?: string
  /** Words of the resource. */
  search?: string
  /** Those detected last come first where absent. */
  sort?: 'severity'
}

/** What a list shows that has no other filters. */
export const tabs = { pending: 'To decide', decided: 'Decided', resolved: 'Resolved' } as const
export type Tab = keyof typeof tabs

export const tabOf = ({ status = 'pending' }: DriftsSearch): Tab =>
  status === 'approved' || status === 'rejected' ? 'decided' : status

export const actionWords: Record<DriftAction, string> = {
  approved: 'Approved',
  rejected: 'Rejected',
  undone: 'Decision undone',
  reopened: 'Reopened',
  reported: 'Reported with another state',
  resolved: 'Resolved',
}

/** As `driftLimits` has them, which is not part of what every page loads. */
const longest = { provider: 60, search: 200 }

const isStatus = (value: unknown): value is ListedStatus =>
  typeof value === 'string' && (value === 'decided' || Object.hasOwn(statusNames, value))
const isSeverity = (value: unknown): value is Severity =>
  typeof value === 'string' && Object.hasOwn(severityNames, value)

const textOf = (value: unknown, length: number) =>
  typeof value === 'string' || typeof value === 'number'
    ? String(value).trim().slice(0, length) || undefined
    : undefined

/** What the server would refuse is left out. The router reads what looks like a number as one. */
export function readDriftsSearch({ status, severity, provider, search, sort }: Record<string, unknown>): DriftsSearch {
  return {
    status: isStatus(status) ? status : undefined,
    severity: isSeverity(severity) ? severity : undefined,
    provider: textOf(provider, longest.provider),
    search: textOf(search, longest.search),
    sort: sort === 'severity' ? sort : undefined,
  }
}

/** Such as `critical` or `to decide`, after a number. */
export const filterWords = (search: DriftsSearch) =>
  [
    search.severity && severityNames[search.severity].toLowerCase(),
    (!search.severity || tabOf(search) !== 'pending') && tabs[tabOf(search)].toLowerCase(),
    search.provider,
    search.search && `with “${search.search}”`,
  ]
    .filter(Boolean)
    .join(', ')

export const resourceWords = ({ type, id }: { type: string; id: string }) => `${type} ${id}`

const counted = new Intl.NumberFormat('en')
export const countWords = (count: number) => counted.format(count)
export const driftsWords = (count: number) => (count === 1 ? '1 drift' : `${counted.format(count)} drifts`)
