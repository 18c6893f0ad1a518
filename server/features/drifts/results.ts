/** What became of each drift of a call about several. */
import type { DriftResults } from '../../../shared/drifts.ts'
import { errorTable } from '../../../shared/error-table.ts'
import { toSummary } from './rows.ts'
import type { DriftRow } from './table.ts'

type FailureCode = NonNullable<DriftResults['results'][number]['error']>['code']

/** In the order of `driftIds`; `failureOf` is called for the drifts that are not in `changed`. */
export function toResults(
  driftIds: readonly string[],
  changed: ReadonlyMap<string, DriftRow>,
  failureOf: (driftId: string) => FailureCode,
): DriftResults {
  const results = driftIds.map((driftId) => {
    const row = changed.get(driftId)
    if (row) return { driftId, drift: toSummary(row), error: null }
    const code = failureOf(driftId)
    return { driftId, drift: null, error: { code, message: errorTable[code].message } }
  })
  return { results }
}
