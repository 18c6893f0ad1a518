/**
 * Hides the secrets in a JSON value, for the server and for `plinth detect`: by the names above and beside them (secret-names.ts) and by
 * their form (secret-text.ts). `null`, `true` and `false` stay: they can be guessed anyway, and say that there is none, or that something is on.
 */
import { Container, type IsSecretName } from './secret-names.ts'
import { hideSecretText } from './secret-text.ts'

/** Names and `*` for every index of a list, as JSON. */
export type Place = string

export interface Hiding {
  readonly isSecretName: IsSecretName
  /** What stands in place of a secret: of a part of a text, or of a whole value as JSON. */
  readonly mark: (secret: string, place: Place) => string
  /** What stands for a secret already, and stays. */
  readonly isMark: RegExp
}

/** Where a value stands. */
export interface Standing {
  readonly place: Place
  /** Of the field that holds it, or holds the list that it is in. */
  readonly name: string
  /** By a name above it or beside it. */
  readonly isSecret: boolean
  readonly depth?: number
}

/** A text of JSON in a text of JSON, and so on; one that is deeper is hidden whole. */
const deepest = 100

export function hideSecretsIn(value: unknown, hiding: Hiding, standing: Standing): unknown {
  const container = Container.of(value)
  if (!container) return hideSecretLeaf(value, hiding, standing)
  const { place, name, isSecret, depth = 0 } = standing
  const entries = [...container.inner].map(([field, inner]): [string, unknown] => [
    field,
    hideSecretsIn(inner, hiding, {
      place: `${place}/${container.isList ? '*' : JSON.stringify(field)}`,
      name: container.isList ? name : field,
      isSecret: isSecret || container.isSecretAt(field, hiding.isSecretName),
      depth: depth + 1,
    }),
  ])
  // Made of entries, so that no name in it reaches for a prototype.
  return container.isList ? entries.map(([, inner]) => inner) : Object.fromEntries(entries)
}

/** As `hideSecretsIn`, of a value that holds no others. */
export function hideSecretLeaf(value: unknown, hiding: Hiding, standing: Standing): unknown {
  if (value === null || value === undefined || typeof value === 'boolean') return value
  const { place, name, isSecret, depth = 0 } = standing
  if (typeof value === 'string' && hiding.isMark.test(value)) return value
  if (isSecret) return hiding.mark(JSON.stringify(value), place)
  if (typeof value !== 'string') return value
  const mark = (secret: string) => (hiding.isMark.test(secret) ? secret : hiding.mark(secret, place))
  const json = parseJson(value)
  if (json === undefined) return hideSecretText(value, name, hiding.isSecretName, mark)
  if (isDeeper(json, deepest - depth)) return mark(value)
  const hidden = JSON.stringify(hideSecretsIn(json, hiding, { ...standing, depth: depth + 1 }))
  return hidden === JSON.stringify(json) ? value : hidden
}

/** Of an object or a list alone. */
function parseJson(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Not recursive: what is very deep must be hidden, not followed. */
function isDeeper(value: object, levels: number): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; depth <= levels; depth++) {
    level = level.flatMap((inner) => (typeof inner === 'object' && inner !== null ? Object.values(inner) : []))
    if (level.length === 0) return false
  }
  return true
}
