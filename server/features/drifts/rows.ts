/** Drifts as doors speak of them, field by field. */
import type { DriftSummary } from '../../../shared/drifts.ts'
import type { DriftRow } from './table.ts'

/** All that a summary needs: a list reads neither states nor who decided. */
export type ListedRow = Omit<DriftRow, 'expected' | 'actual' | 'decidedBy' | 'reason'>

export function toSummary(row: ListedRow): DriftSummary {
  const { id, externalId, resourceType, resourceId, provider, region, severity, status, version } = row
  return {
    id,
    externalId,
    resource: { type: resourceType, id: resourceId, provider, region },
    severity,
    status,
    version,
    detectedAt: row.detectedAt.toISOString(),
    decidedAt: row.decidedAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  }
}
