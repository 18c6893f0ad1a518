/**
 * Where there is an assistant, it is asked once what was written has arrived, whichever page is open by then. Of several messages that
 * waited, after the last.
 */
import { outbox } from '../../offline/outbox.ts'
import { askAssistant, hasAssistant } from '../assistant-asks.ts'
import { queuedIn } from './queued.ts'

outbox.onAnswer(async (answered) => {
  if (answered.path !== 'conversations.messages.append' || answered.answer.role !== 'user') return
  const { conversationId } = answered.input
  const isLast = () =>
    !queuedIn(outbox.entries, conversationId).appends.some(({ id, state }) => id !== answered.id && state !== 'refused')
  if (isLast() && (await hasAssistant()) && isLast()) await askAssistant(conversationId)
})
