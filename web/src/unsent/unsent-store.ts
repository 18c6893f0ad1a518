/**
 * The text of a field that a user has not submitted. In localStorage, so that every tab can list and delete all of it; left-behind.ts says
 * for how long.
 */
const prefix = 'plinth-unsent-text:'

/** Of one user at one place: a draft by its id, `conversation:<id>`, or `conversation:new`. */
export class UnsentStore {
  readonly place: string
  readonly #textKey: string
  readonly #deletedKey: string

  constructor(place: string, personId: string) {
    this.place = place
    this.#textKey = `${prefix}${personId}:${place}`
    this.#deletedKey = `plinth-unsent-deleted:${personId}:${place}`
  }

  readonly readText = () => read(this.#textKey) ?? ''

  /** `before`: what the field showed. Of two tabs with different text the last to write is stored, until that tab sends or deletes it. */
  readonly storeText = (text: string, before: string) => {
    if (text !== '') write(this.#textKey, text)
    else if (this.readText() === before) this.#deleteText(before)
  }

  /** Calls back with a text that this tab or another has sent or deleted. Returns how to stop. */
  readonly onTextDeleted = (listener: (text: string) => void): (() => void) => {
    const hear = ({ key, newValue }: StorageEvent) => {
      if (key === this.#deletedKey && newValue) listener(newValue)
    }
    addEventListener('storage', hear)
    return () => removeEventListener('storage', hear)
  }

  delete() {
    this.#deleteText(this.readText())
  }

  /**
   * Other tabs are notified of the text itself. The event of the removal is not enough: a tab may read a value that another has just replaced, so
   * that it removes a text other than its own.
   */
  #deleteText(text: string) {
    write(this.#textKey, '')
    write(this.#deletedKey, text)
    write(this.#deletedKey, '')
  }
}

/** The places where a user has something. */
export function unsentOf(personId: string): UnsentStore[] {
  const places = everything().filter((one) => one.personId === personId)
  return places.map(({ place }) => new UnsentStore(place, personId))
}

/** The users who have something on this device. */
export const unsentOwners = (): string[] => [...new Set(everything().map(({ personId }) => personId))]

function everything(): { personId: string; place: string }[] {
  try {
    return Object.keys(localStorage).flatMap((key) => {
      const [personId = '', ...place] = key.startsWith(prefix) ? key.slice(prefix.length).split(':') : []
      return personId ? { personId, place: place.join(':') } : []
    })
  } catch {
    return []
  }
}

// Storage may be full or forbidden; then the text lasts as long as the page.
function read(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function write(key: string, value: string) {
  try {
    const oldValue = localStorage.getItem(key)
    if (value) localStorage.setItem(key, value)
    else localStorage.removeItem(key)
    // Browsers send this event to the other tabs only.
    dispatchEvent(new StorageEvent('storage', { key, oldValue, newValue: value || null }))
  } catch {}
}
