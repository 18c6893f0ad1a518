/**
 * What must not leave the machine of a detector. A secret is known by its name, at any depth, or by its form; in its place comes a marker.
 * Without a key of the operator's a marker says nothing of the value, so the same file always makes the same report; the two sides of a
 * drift are told apart by comparing them here. With a key it is a keyed hash (HMAC-SHA-256) of the value and its place: whoever reads it
 * learns neither the value nor where else it is used, and yet a third value is seen to be another one at the next run.
 */
import { createHmac } from 'node:crypto'

const secretName =
  /passw(or)?d|pwd|pass(phrase|code)|secret|token|credential|(api|private|access)_?key|cookie|authorization/i
/** As a word of its own: keys of keyboards and monkeys are none. */
const secretWord = /^keys?$/
/** Names that end so are about a secret, and hold none. */
const openEnding = /^(arn|fingerprint|policy|rotation|name|type|length|ttl|algorithm)$/

/** `dbPassword`, `DB_PASSWORD` and `db-password` are db and password. */
const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)

const passwordInUrl = /(?<=\/\/[^\s/:@]*:)\S+(?=@)/g
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g

export class Secrets {
  readonly #key: string | undefined
  readonly #names: ReadonlySet<string>

  /** `names`: of further ones, in whatever case. */
  constructor(key: string | undefined, names: readonly string[] = []) {
    this.#key = key
    this.#names = new Set(names.map((name) => name.toLowerCase()))
  }

  /** Whether what stands beneath `name` is one, in `beside`. */
  isSecret(name: string, beside: ReadonlyMap<string, unknown>): boolean {
    // As environments of containers and tags are written: {"name": "DB_PASSWORD", "value": "…"}.
    const [, prefix, part = ''] = /^(.*?)(name|key|value)$/i.exec(name) ?? []
    const sibling = (...parts: string[]): unknown =>
      [...beside].find(([field]) => parts.some((one) => field.toLowerCase() === `${prefix}${one}`.toLowerCase()))?.[1]
    if (part.toLowerCase() === 'value') {
      const named = sibling('name', 'key')
      if (typeof named === 'string' && this.#isSecretName(named)) return true
    } else if (part !== '' && sibling('value') !== undefined) return false
    return this.#isSecretName(name)
  }

  #isSecretName(name: string): boolean {
    if (this.#names.has(name.toLowerCase())) return true
    const words = wordsOf(name)
    if (openEnding.test(words.at(-1) ?? '')) return false
    if (secretName.test(name)) return true
    return words.some((word, at) => secretWord.test(word) && words[at - 1] !== 'public')
  }

  /** A value that holds no others, as it may be sent. `at`: its place, in whatever it is of. */
  hide(value: unknown, at: string, isSecret: boolean): unknown {
    // They can be guessed anyway, and tell most: that there is none, that something is on.
    if (value === null || typeof value === 'boolean' || value === undefined) return value
    if (isSecret) return this.#marker(JSON.stringify(value), at)
    if (typeof value !== 'string') return value
    const marked = (found: string) => this.#marker(found, at)
    return value.replaceAll(privateKey, marked).replaceAll(passwordInUrl, marked)
  }

  #marker(value: string, at: string): string {
    if (this.#key === undefined) return plainMarker
    const hash = createHmac('sha256', this.#key).update(`${at}\0${value}`).digest('base64url')
    return `[secret ${hash.slice(0, 16)}]`
  }
}

const plainMarker = '[secret]'
/** In place of `[secret]`, on one side of two that look the same and are not. */
export const differing = (hidden: unknown): unknown =>
  typeof hidden === 'string' ? hidden.replaceAll(plainMarker, '[another secret]') : hidden
