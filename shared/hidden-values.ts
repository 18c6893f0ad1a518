/**
 * The states of a drift as signed-in users read them: in place of each secret stands `[hidden]`. Two secrets in the same place of both
 * states, or of items of one list, have different marks exactly if they differ; of secrets in different places the marks say nothing.
 */
import { isSecretName } from './secret-names.ts'
import { type Hiding, hideSecretsIn } from './secret-values.ts'

export const hiddenMark = /\[hidden(?: \d+)?\]/
/** Its own, and those of a detector that has hidden the value itself. */
const isMark = /^\[(?:hidden(?: \d+)?|(?:another )?secret(?: [\w-]{16})?)\]$/

export function hideSecrets<State>(expected: State, actual: State): { expected: State; actual: State } {
  const hiding = { isSecretName, isMark, mark: numberedMarks() }
  const hide = (state: State) => hideSecretsIn(state, hiding, { place: '', name: '', isSecret: false }) as State
  return { expected: hide(expected), actual: hide(actual) }
}

function numberedMarks(): Hiding['mark'] {
  const places = new Map<string, Map<string, number>>()
  return (secret, place) => {
    const numbers = places.get(place) ?? new Map<string, number>()
    places.set(place, numbers)
    const number = numbers.get(secret) ?? numbers.size + 1
    numbers.set(secret, number)
    return number === 1 ? '[hidden]' : `[hidden ${number}]`
  }
}
