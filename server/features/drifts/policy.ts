import { Severity } from '../../../shared/drifts.ts'

const urgency = (severity: Severity) => Severity.options.indexOf(severity)

/** `before`: what it was while it was pending already, for which there has been an alert. */
export const needsAlert = (severity: Severity, before: Severity | null = null) =>
  urgency(severity) >= urgency('high') && (before === null || urgency(severity) > urgency(before))

/** As JSON values: the order of keys means nothing, and -0 is 0. */
export const sameJson = (one: unknown, other: unknown) => canonical(one) === canonical(other)

function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
