/** Descriptions of all that a user has written on this device and the server has not accepted. */
import { useMemo, useSyncExternalStore } from 'react'
import type { OutboxEntry } from '../../../client/outbox.ts'
import type { QueuedOffline } from '../../../shared/offline.ts'
import { draftWords, entryWords, type NameOf, quoted } from '../offline/entry-words.ts'
import { knownNames } from '../offline/known-names.ts'
import { useOutboxEntries } from '../offline/use-outbox.ts'
import type { Product } from '../products/product.ts'
import { useProducts } from '../products/use-products.ts'
import { type UnsentStore, unsentOf } from './unsent-store.ts'

export interface UnsentItem {
  key: string
  words: string
  /** Why the server refused it; null if it was not sent. */
  refusal: string | null
  /** Text in a field that the user has not submitted. */
  isUnfinished: boolean
}

export function useUnsentItems(personId: string): UnsentItem[] {
  const entries = useOutboxEntries()
  const products = useProducts()
  const stored = useSyncExternalStore(onStorage, () => readStored(personId))
  return useMemo(() => listUnsent(JSON.parse(stored), entries, products), [stored, entries, products])
}

/** Notifies of changes by other tabs. */
function onStorage(noteChange: () => void) {
  addEventListener('storage', noteChange)
  return () => removeEventListener('storage', noteChange)
}

type Stored = Pick<UnsentStore, 'place'> & { text: string }

/** JSON, because React compares snapshots by identity, and each read returns new objects. */
function readStored(personId: string): string {
  const stored: Stored[] = unsentOf(personId).map(({ place, readText }) => ({ place, text: readText() }))
  return JSON.stringify(stored)
}

function listUnsent(
  stored: readonly Stored[],
  entries: readonly OutboxEntry<QueuedOffline>[],
  products: readonly Product[],
): UnsentItem[] {
  const nameOf = knownNames(entries, products)
  return [
    ...entries.map((entry) => {
      const words = entryWords(entry, nameOf, products)
      return { key: entry.id, words, refusal: reasonOf(entry), isUnfinished: false }
    }),
    ...stored.map(({ place, text }) => {
      const words = `Unfinished in ${placeWords(place, nameOf)}: ${quoted(text)}`
      return { key: place, words, refusal: null, isUnfinished: true }
    }),
  ]
}

const reasonOf = ({ refusal }: OutboxEntry<QueuedOffline>) =>
  refusal && [refusal.message, ...refusal.details.map(({ message }) => message)].join(' ')

function placeWords(place: string, nameOf: NameOf): string {
  const [noun, id = ''] = place.split(':')
  if (noun !== 'conversation') return draftWords(nameOf(place))
  if (id === 'new') return 'a new conversation'
  const name = nameOf(id)
  return name ? `the conversation ${quoted(name)}` : 'a conversation'
}
