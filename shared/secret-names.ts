/**
 * Secrets that are known by the name above them, or beside them: `password`, `{"name": "DB_PASSWORD", "value": …}`, `["--token", …]`.
 * What no name gives away is left to secret-text.ts.
 */

/** Whether a name speaks of a secret. */
export type IsSecretName = (name: string) => boolean

const secretPart =
  /passw(or)?d|pwd|pass(phrase|code)|secret|token|credential|(api|private|access|account|auth|encryption|master|shared|signing)[_-]?key|cookie|authorization|webhook|user[_-]?data/i
/** As words of their own: keys of keyboards and monkeys are none, and an author is no auth. */
const secretWord = /^(keys?|auth|jwt|otp|pass|sessions?|signature|totp)$/
/** Names that end so are about a secret, and hold none. */
const openEnding = /^(arn|fingerprint|policy|rotation|name|type|length|ttl|algorithm)$/

/** `dbPassword`, `DB_PASSWORD` and `db-password` are db and password. */
export const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)

export const isSecretName: IsSecretName = (name) => {
  const words = wordsOf(name)
  if (openEnding.test(words.at(-1) ?? '')) return false
  if (secretPart.test(name)) return true
  return words.some((word, at) => secretWord.test(word) && words[at - 1] !== 'public')
}

/** The two halves of a pair, as environments, tags and parameters are written: `ParameterKey` goes with `ParameterValue`. */
const nameField = /^(.*?)(?:name|key|variable|var|parameter|option|property|field|label|title)$|^(?:k|id)$/
const valueField = /^(.*?)(?:values?)$|^(?:v|val)$/
/** Only where it holds no others: they are the names of many things. */
const textField = /^(?:contents?|data|text|string|setting)$/
const takesPasswords = /(^|\/)(mysql\w*|mariadb[\w-]*|sshpass|redis-cli)$/
/** A program stands at the front, behind `sudo`, `env` and the like. */
const programsAmong = 16

/** What an object or a list holds, by name or index. */
export class Container {
  readonly isList: boolean
  readonly inner: ReadonlyMap<string, unknown>
  #names: Map<string, string[]> | undefined
  #fields: Set<string> | undefined
  #takesPasswords: boolean | undefined

  private constructor(value: object) {
    this.isList = Array.isArray(value)
    this.inner = new Map(Object.entries(value))
  }

  /** Null for what holds nothing. */
  static of(value: unknown): Container | null {
    return typeof value === 'object' && value !== null ? new Container(value) : null
  }

  /** Whether what stands at `name` is a secret, whatever it is. */
  isSecretAt(name: string, isSecret: IsSecretName = isSecretName): boolean {
    return this.isList ? this.#isSecretItem(Number(name), isSecret) : this.#isSecretField(name, isSecret)
  }

  #isSecretField(name: string, isSecret: IsSecretName): boolean {
    const field = name.toLowerCase()
    const value = this.inner.get(name)
    const asValue = valueField.exec(field) ?? (Container.of(value) ? null : textField.exec(field))
    if (asValue && this.#namesBeside(asValue[1] ?? '').some(isSecret)) return true
    // It names the secret, which is beside it.
    const [, prefix] = /^(.*?)(?:name|key)$/.exec(field) ?? []
    if (prefix !== undefined && this.#hasField(`${prefix}value`)) return false
    if ((field === 'data' || field === 'stringdata') && this.inner.get('kind') === 'Secret') return true
    return isSecret(name)
  }

  /** What the fields say that name others: those of the prefix, and those that have none; where that is empty, all. */
  #namesBeside(prefix: string): string[] {
    this.#names ??= this.#collectNames()
    if (prefix === '') return [...this.#names.values()].flat()
    return [...(this.#names.get(prefix) ?? []), ...(this.#names.get('') ?? [])]
  }

  #collectNames(): Map<string, string[]> {
    const names = new Map<string, string[]>()
    for (const [name, value] of this.inner) {
      const found = nameField.exec(name.toLowerCase())
      if (!found || typeof value !== 'string') continue
      const prefix = found[1] ?? ''
      const ofPrefix = names.get(prefix)
      if (ofPrefix) ofPrefix.push(value)
      else names.set(prefix, [value])
    }
    return names
  }

  #hasField(field: string): boolean {
    this.#fields ??= new Set([...this.inner.keys()].map((name) => name.toLowerCase()))
    return this.#fields.has(field)
  }

  #isSecretItem(at: number, isSecret: IsSecretName): boolean {
    const [item, before] = [this.inner.get(String(at)), this.inner.get(String(at - 1))]
    if (typeof item === 'string' && /^-p./.test(item) && this.#hasProgram()) return true
    if (typeof before !== 'string' || /\s/.test(before)) return false
    if (/^-[ap]$/.test(before) && this.#hasProgram()) return true
    // An option and its value, or a pair that is written as a list.
    if (before.startsWith('-')) return !before.includes('=') && isSecret(before)
    return at === 1 && this.inner.size === 2 && isSecret(before) && !(typeof item === 'string' && isSecret(item))
  }

  /** Whether the list is the command of a program that takes passwords as `-p`. */
  #hasProgram(): boolean {
    this.#takesPasswords ??= [...this.inner.values()]
      .slice(0, programsAmong)
      .some((item) => typeof item === 'string' && takesPasswords.test(item))
    return this.#takesPasswords
  }
}
