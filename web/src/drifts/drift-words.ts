/** What the states and severities of drifts are called, in the order in which they are offered; and which of them an address means. */
import type { DriftStatus, Severity } from '../../../shared/drifts.ts'

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
  status?: DriftStatus
  severity?: Severity
  provider?: string
}

export const longestProvider = 60

const isStatus = (value: unknown): value is DriftStatus =>
  typeof value === 'string' && Object.hasOwn(statusNames, value)
const isSeverity = (value: unknown): value is Severity =>
  typeof value === 'string' && Object.hasOwn(severityNames, value)

/** What the server would refuse is left out. The router reads what looks like a number as one. */
export function readDriftsSearch({ status, severity, provider }: Record<string, unknown>): DriftsSearch {
  const name = typeof provider === 'string' || typeof provider === 'number' ? String(provider).trim() : ''
  return {
    status: isStatus(status) ? status : undefined,
    severity: isSeverity(severity) ? severity : undefined,
    provider: name.slice(0, longestProvider) || undefined,
  }
}

export const resourceWords = ({ type, id }: { type: string; id: string }) => `${type} ${id}`

const counted = new Intl.NumberFormat('en')
export const countWords = (count: number) => counted.format(count)
export const driftsWords = (count: number) => (count === 1 ? '1 drift' : `${counted.format(count)} drifts`)
