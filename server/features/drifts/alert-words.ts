import { Severity } from '../../../shared/drifts.ts'
import type { DriftRow } from './table.ts'

/** In plain words, and with nothing of its states: everybody may read it. */
export function alertOf({ id: driftId, severity, resourceType, resourceId, provider, region }: DriftRow, what: string) {
  const resource = `${resourceType} ${resourceId}`
  const place = region === null ? provider : `${provider}, ${region}`
  return {
    driftId,
    severity,
    title: `${severity === Severity.enum.critical ? 'Critical' : 'High'} drift of ${resource}`,
    message: `${resource} (${place}) ${what}. Approve or reject the change.`,
  }
}
