/** Sends all that a user has written, unfinished texts too, before they sign out. */
import { v7 as newId } from 'uuid'
import { toPlinthError } from '../../../client/plinth.ts'
import { queueConversation, queueMessage } from '../conversations/queue-changes.ts'
import type { Unsent } from '../drafts/draft-state.ts'
import { outbox } from '../offline/outbox.ts'
import { isPassingFailure, plinth } from '../plinth.ts'
import { type UnsentStore, unsentOf } from './unsent-store.ts'

const sentWithinMs = 15_000

/**
 * False when the server refused something, which stays with its reason. @throws PlinthError when it could not be reached, or did not respond; DOMException when
 * that takes too long, or `signal` ends the wait: then the outbox continues to send in the background
 */
export async function sendUnsent(personId: string, signal: AbortSignal): Promise<boolean> {
  for (const unsent of unsentOf(personId)) {
    if (unsent.place.startsWith('conversation:')) queueText(unsent)
    else await sendDraft(unsent)
    signal.throwIfAborted()
  }
  await outboxSent(AbortSignal.any([signal, AbortSignal.timeout(sentWithinMs)]))
  return outbox.entries.length === 0 && unsentOf(personId).length === 0
}

function queueText(unsent: UnsentStore) {
  const text = unsent.readText()
  const [, conversationId = ''] = unsent.place.split(':')
  if (conversationId === 'new') queueConversation(text)
  else queueMessage(conversationId, text)
  unsent.storeText('', text)
}

/** In order, so the first without a response ends it. */
async function sendDraft(unsent: UnsentStore) {
  for (const segment of unsent.readSegments()) if (segment.status !== 'refused') await sendSegment(unsent, segment)
  const text = unsent.readText()
  if (!text) return
  // From now on it has an id, so that it is stored once however often it is sent.
  const segment: Unsent = { id: newId(), text, at: new Date().toISOString(), status: 'waiting' }
  unsent.changeSegments([], [segment])
  unsent.storeText('', text)
  await sendSegment(unsent, segment)
}

async function sendSegment(unsent: UnsentStore, segment: Unsent) {
  const { id: segmentId, text, at } = segment
  try {
    const append = { draftId: unsent.place, segmentId, text }
    await plinth.drafts.append.mutate(append, { context: { idempotencyKey: null } })
    unsent.changeSegments([segment], [])
  } catch (error) {
    if (isPassingFailure(error)) throw error
    const { code, message, requestId } = toPlinthError(error)
    const refused: Unsent = { id: segmentId, text, at, status: 'refused', refusal: { code, message, requestId } }
    unsent.changeSegments([segment], [refused])
  }
}

async function outboxSent(signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const look = () => {
    if (outbox.stopped) reject(outbox.stopped)
    if (outbox.entries.every(({ state }) => state === 'refused')) resolve()
  }
  const stop = outbox.onChange(look)
  const giveUp = () => reject(signal.reason)
  signal.addEventListener('abort', giveUp)
  look()
  try {
    await promise
  } finally {
    stop()
    signal.removeEventListener('abort', giveUp)
  }
}
