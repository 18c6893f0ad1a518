/**
 * States of resources hold what their resources hold, and some of it is nobody's business. Names decide, at any depth; of what is left
 * out wrongly an engineer who signs in sees the rest.
 */
import type { ResourceState } from '../../../shared/drifts.ts'

const secretName =
  /pass(word|wd|phrase)|pwd|secret|token|key|credential|private|auth|cookie|session|certificate|signature/i
/** Whatever they are called: an address with a password in it, and a key in its usual form. */
const secretText = /:\/\/[^/\s:@]*:[^@\s]+@|-----BEGIN /
const leftOut = '[left out]'

export const withoutSecrets = (state: ResourceState): ResourceState => clean(state) as ResourceState

function clean(value: unknown): unknown {
  if (typeof value === 'string') return secretText.test(value) ? leftOut : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(clean)
  const isSecretPair = ['name', 'key', 'Name', 'Key'].some((field) => {
    const named = (value as Record<string, unknown>)[field]
    return typeof named === 'string' && secretName.test(named)
  })
  // Made of entries, so that no name in it reaches for a prototype.
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      inner !== null && (secretName.test(name) || (isSecretPair && /^values?$/i.test(name))) ? leftOut : clean(inner),
    ]),
  )
}
