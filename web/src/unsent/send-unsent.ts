/** Sends all that a user has written, unfinished texts too, before they sign out. */
import { queueConversation, queueMessage } from '../conversations/sending/queue-changes.ts'
import { queueSegment } from '../drafts/segments/queue-segment.ts'
import { outbox, whenSent } from '../offline/outbox.ts'
import { type UnsentStore, unsentOf } from './unsent-store.ts'

/**
 * False when the server refused something, which stays with its reason. @throws PlinthError when the user is signed out; DOMException when it
 * takes too long, or `signal` ends the wait: then the outbox continues to send in the background
 */
export async function sendUnsent(personId: string, signal: AbortSignal): Promise<boolean> {
  for (const unsent of unsentOf(personId)) queueText(unsent)
  await whenSent(() => true, signal)
  return outbox.entries.length === 0 && unsentOf(personId).length === 0
}

function queueText(unsent: UnsentStore) {
  const text = unsent.readText()
  const [noun = '', conversationId = ''] = unsent.place.split(':')
  if (noun !== 'conversation') queueSegment(noun, text)
  else if (conversationId === 'new') queueConversation(text)
  else queueMessage(conversationId, text)
  unsent.storeText('', text)
}
