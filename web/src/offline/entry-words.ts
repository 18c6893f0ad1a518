/** What an entry of the outbox is to do, in words, which the products have; and how many wait. */
import type { OutboxEntry, QueuedInput } from '../../../client/outbox.ts'
import type { QueuedOffline } from '../../../shared/offline.ts'
import type { Product } from '../products/product.ts'

/** What the thing with that id is called, as far as is known here; null otherwise. */
export type NameOf = (id: string) => string | null

export type OutboxWords<Paths extends QueuedOffline = QueuedOffline> = {
  readonly [Path in Paths]: (input: QueuedInput<Path>, nameOf: NameOf) => string
}

const longest = 60
/** The beginning of a long text. */
export const quoted = (text: string) => `“${text.length > longest ? `${text.slice(0, longest).trimEnd()}…` : text}”`

export const draftWords = (title: string | null) => (title ? `the draft ${quoted(title)}` : 'a draft')

/** The quoted name, or `otherwise` where there is none. */
export const nameOr = (name: string | null | undefined, otherwise: string) => (name ? quoted(name) : otherwise)

/** Such as `Mark “Water the plants” as done`. */
export function entryWords(
  { path, input }: Pick<OutboxEntry<QueuedOffline>, 'path' | 'input'>,
  nameOf: NameOf,
  products: readonly Product[],
): string {
  for (const { outboxWords } of products) {
    const words = outboxWords?.[path] as ((input: unknown, nameOf: NameOf) => string) | undefined
    if (words) return words(input, nameOf)
  }
  return path
}

/** Of `count` things that are not sent: `3 changes wait to be sent.` */
export const waitingWords = (count: number): string =>
  count === 1 ? '1 change waits to be sent.' : `${count} changes wait to be sent.`

export const refusedWords = (count: number): string =>
  `${count} ${count === 1 ? 'change was' : 'changes were'} refused.`
