/**
 * What may be asked for without a network. `queue`: the client writes the call down and sends it when it can, in order, so it must do the
 * same however late it comes and however often: it names what it makes, and sets rather than toggles. Whatever is not here is refused
 * offline, for it needs to be decided on what is so now.
 */
export const queuedOffline = [
  'tasks.create',
  'tasks.update',
  'tasks.complete',
  'tasks.move',
  'tasks.delete',
  'tasks.restore',
  'conversations.create',
  'conversations.rename',
  'conversations.messages.append',
  'drafts.append',
] as const

export type QueuedOffline = (typeof queuedOffline)[number]

/** Where a call makes something, the field of its input by which it names that; what is queued never leaves it out. */
export const namesWhatItMakes = {
  'tasks.create': 'taskId',
  'conversations.create': 'conversationId',
  'conversations.messages.append': 'messageId',
  'drafts.append': 'segmentId',
} as const satisfies Partial<Record<QueuedOffline, string>>

export type NamesWhatItMakes = typeof namesWhatItMakes

/** The id of what these make serves as their idempotency key: with another one they would need a transaction. */
export const sentWithoutKey: ReadonlySet<string> = new Set<QueuedOffline>(['drafts.append'])
