/**
 * What must not leave the machine of a detector. A secret is known by its name, at any depth, or by its form; in its place comes a marker.
 * Without a key of the operator's a marker says nothing of the value, so the same file always makes the same report; the two sides of a
 * drift are told apart by comparing them here. With a key it is a keyed hash (HMAC-SHA-256) of the value and its place: whoever reads it
 * learns neither the value nor where else it is used, and yet a third value is seen to be another one at the next run.
 */
import { createHmac } from 'node:crypto'
import { type Container, isSecretName } from '../../shared/secret-names.ts'
import { type Hiding, hideSecretLeaf } from '../../shared/secret-values.ts'

export class Secrets {
  readonly #key: string | undefined
  readonly #hiding: Hiding

  /** `names`: of further ones, in whatever case. */
  constructor(key: string | undefined, names: readonly string[] = []) {
    this.#key = key
    const further = new Set(names.map((name) => name.toLowerCase()))
    this.#hiding = {
      isSecretName: (name) => further.has(name.toLowerCase()) || isSecretName(name),
      mark: (secret, place) => this.#marker(secret, place),
      isMark: marker,
    }
  }

  /** Whether what stands at `name` is one. */
  isSecretAt(name: string, container: Container): boolean {
    return container.isSecretAt(name, this.#hiding.isSecretName)
  }

  /** A value that holds no others, as it may be sent. `at`: its place, in whatever it is of; `name`: of the field that holds it. */
  hide(value: unknown, at: string, name: string, isSecret: boolean): unknown {
    return hideSecretLeaf(value, this.#hiding, { place: at, name, isSecret })
  }

  #marker(value: string, at: string): string {
    if (this.#key === undefined) return plainMarker
    const hash = createHmac('sha256', this.#key).update(`${at}\0${value}`).digest('base64url')
    return `[secret ${hash.slice(0, 16)}]`
  }
}

const plainMarker = '[secret]'
const marker = /^\[secret(?: [\w-]{16})?\]$/
/** In place of `[secret]`, on one side of two that look the same and are not. */
export const differing = (hidden: unknown): unknown =>
  typeof hidden === 'string' ? hidden.replaceAll(plainMarker, '[another secret]') : hidden
