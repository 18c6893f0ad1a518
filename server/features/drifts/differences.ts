/** Where the states of a drift differ, and how, without a value of either: everybody may read it. */
import { type Drift, driftLimits, type JsonType, type StateDifference } from '../../../shared/drifts.ts'
import { isSecretName } from '../../../shared/secret-names.ts'
import { hideSecretText } from '../../../shared/secret-text.ts'
import { type Change, diffStates, isChange, type Path } from '../../../shared/state-diff.ts'

/** The first of them, in the order of the expected state, and how many more there are. */
export function listDifferences(expected: unknown, actual: unknown): Pick<Drift, 'differences' | 'moreDifferences'> {
  const changes = diffStates(expected, actual).filter(isChange)
  const differences: StateDifference[] = []
  let lengthLeft: number = driftLimits.differencesLength
  for (const change of changes.slice(0, driftLimits.differences)) {
    const difference = toDifference(change)
    lengthLeft -= JSON.stringify(difference.path).length
    if (lengthLeft < 0) break
    differences.push(difference)
  }
  return { differences, moreDifferences: changes.length - differences.length }
}

function toDifference(change: Change): StateDifference {
  return {
    path: withoutSecrets(change.path),
    change: change.kind,
    expected: 'expected' in change ? typeOf(change.expected) : null,
    actual: 'actual' in change ? typeOf(change.actual) : null,
  }
}

/** A map may have e-mail addresses or tokens for names. */
const withoutSecrets = (path: Path) =>
  path.map((step) => (typeof step === 'string' ? hideSecretText(step, '', isSecretName, () => '[hidden]') : step))

function typeOf(value: unknown): JsonType {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value as JsonType
}
