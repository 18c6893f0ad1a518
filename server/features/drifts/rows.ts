/** Drifts as doors speak of them, field by field. */

import { getTableColumns } from 'drizzle-orm'
import type { DriftSummary } from '../../../shared/drifts.ts'
import { type DriftRow, drifts } from './table.ts'

const { expected: _e, actual: _a, decidedBy: _d, reason: _r, ...listed } = getTableColumns(drifts)
/** The columns of a ListedRow. */
export const listedColumns = listed

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
