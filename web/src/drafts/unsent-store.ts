/** What a person has written and the server has not taken, kept over a reload of this tab. Each person's own. */
import type { Unsent } from './draft-state.ts'

export class UnsentStore {
  readonly #textKey: string
  readonly #segmentsKey: string

  constructor(draftId: string, personId: string) {
    this.#textKey = `plinth-unsent-text:${personId}:${draftId}`
    this.#segmentsKey = `plinth-unsent-segments:${personId}:${draftId}`
  }

  readText = () => read(this.#textKey) ?? ''
  keepText = (text: string) => keep(this.#textKey, text)

  readSegments(): Unsent[] {
    try {
      return JSON.parse(read(this.#segmentsKey) ?? '[]') as Unsent[]
    } catch {
      return []
    }
  }
  keepSegments = (unsent: Unsent[]) => keep(this.#segmentsKey, unsent.length > 0 ? JSON.stringify(unsent) : '')
}

// Storage may be full or forbidden; then what is written lives as long as the page.
function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key)
  } catch {
    return null
  }
}

function keep(key: string, value: string) {
  try {
    if (value) sessionStorage.setItem(key, value)
    else sessionStorage.removeItem(key)
  } catch {}
}
