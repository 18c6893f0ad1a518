/** What an entry of the outbox is to do, in words: one row per procedure that may be queued. */
import type { OutboxEntry, QueuedInput } from '../../../client/outbox.ts'
import type { QueuedOffline } from '../../../shared/offline.ts'

type Entry = OutboxEntry<QueuedOffline>

/** What the thing with that id is called, as far as is known here; null otherwise. */
export type NameOf = (id: string) => string | null

const longest = 60
/** The beginning of a long text. */
export const quoted = (text: string) => `“${text.length > longest ? `${text.slice(0, longest).trimEnd()}…` : text}”`
const named = (name: string | null | undefined, otherwise: string) => (name ? quoted(name) : otherwise)

const words: { [Path in QueuedOffline]: (input: QueuedInput<Path>, nameOf: NameOf) => string } = {
  'tasks.create': ({ title }) => `Add the task ${quoted(title)}`,
  'tasks.update': ({ taskId, title }, nameOf) => `Change ${named(title ?? nameOf(taskId), 'a task')}`,
  'tasks.complete': ({ taskId, completed = true }, nameOf) =>
    completed ? `Mark ${named(nameOf(taskId), 'a task')} as done` : `Open ${named(nameOf(taskId), 'a task')} again`,
  'tasks.move': ({ taskId }, nameOf) => `Move ${named(nameOf(taskId), 'a task')}`,
  'tasks.delete': ({ taskId }, nameOf) => `Delete ${named(nameOf(taskId), 'a task')}`,
  'tasks.restore': ({ taskId }, nameOf) => `Bring ${named(nameOf(taskId), 'a task')} back`,
  'conversations.create': ({ title }) => `Begin ${title ? `the conversation ${quoted(title)}` : 'a conversation'}`,
  'conversations.rename': ({ conversationId, title }, nameOf) =>
    title
      ? `Call ${named(nameOf(conversationId), 'a conversation')} ${quoted(title)}`
      : `Take the name from ${named(nameOf(conversationId), 'a conversation')}`,
  'conversations.messages.append': ({ content }) => `Send ${quoted(content)}`,
}

/** Such as `Mark “Water the plants” as done`. */
export const entryWords = ({ path, input }: Entry, nameOf: NameOf): string =>
  (words[path] as (input: unknown, nameOf: NameOf) => string)(input, nameOf)

/** Of `count` things that are not sent: `3 changes wait to be sent.` */
export const waitingWords = (count: number): string =>
  count === 1 ? '1 change waits to be sent.' : `${count} changes wait to be sent.`

export const refusedWords = (count: number): string =>
  `${count} ${count === 1 ? 'change was' : 'changes were'} refused.`
