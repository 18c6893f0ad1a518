/** Messages of a conversation. Their order is their position, given while the conversation is locked: 1, 2, 3 … without a gap. */
import { and, asc, desc, eq, gt, lt } from 'drizzle-orm'
import { z } from 'zod'
import {
  type Answer,
  type AppendMessage,
  conversationLimits,
  type ListMessages,
  type Message,
  type Messages,
} from '../../../shared/conversations.ts'
import { newId } from '../../platform/db/columns.ts'
import type { Database } from '../../platform/db/database.ts'
import { offsetOf, placeOf, toList } from '../../platform/db/page.ts'
import { type Given, preparedQuery } from '../../platform/db/prepared.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { cursorOf, readStates } from '../../platform/live/channel-store.ts'
import { publish } from '../../platform/live/publish.ts'
import { conversationChannel } from './channel.ts'
import { findConversation, lockConversation, publishUpdated, touchConversation } from './service.ts'
import { answers, type ConversationRow, type MessageRow, messages } from './table.ts'

const Place = z.tuple([z.int().min(0).max(2_000_000_000)])

/** A page of any number costs the same: positions have no gaps, so where it begins is known. @throws AppError NOT_FOUND */
export async function listMessages(db: Database, actor: Actor, asked: ListMessages): Promise<Messages> {
  const { conversationId, order, limit } = asked
  const place = placeOf(asked, Place)
  // Before the count: what comes in between is in the rows or after the cursor, and not lost between the two.
  const channel = conversationChannel(conversationId)
  const state = (await readStates(db, [channel])).get(channel)
  const { messageCount, id } = await findConversation(db, actor, conversationId)
  if (!state) throw new Error(`channel ${channel} was never opened`)
  const rows =
    order === 'oldest'
      ? await readOldest(db, { id, after: place?.[0] ?? offsetOf(asked), limit: limit + 1 })
      : await readNewest(db, { id, before: place?.[0] ?? messageCount + 1 - offsetOf(asked), limit: limit + 1 })
  const answer = await findAnswer(db, id)
  const list = toList(rows, asked, { total: messageCount, placeOf: (row) => [row.position], toItem: toMessage })
  return { ...list, answer, cursor: cursorOf(state) }
}

type Oldest = Given<{ id: string; after: number; limit: number }>
const readOldest = preparedQuery(null, (db, { id, after, limit }: Oldest) =>
  db
    .select()
    .from(messages)
    .where(and(eq(messages.conversationId, id), gt(messages.position, after)))
    .orderBy(asc(messages.position))
    .limit(limit),
)

type Newest = Given<{ id: string; before: number; limit: number }>
const readNewest = preparedQuery(null, (db, { id, before, limit }: Newest) =>
  db
    .select()
    .from(messages)
    .where(and(eq(messages.conversationId, id), lt(messages.position, before)))
    .orderBy(desc(messages.position))
    .limit(limit),
)

/** That of the assistant which is no message yet; null where there is none. */
export async function findAnswer(db: Database, conversationId: string): Promise<Answer | null> {
  const [answer] = await readAnswer(db, { conversationId })
  return answer ?? null
}

const readAnswer = preparedQuery('answer', (db, { conversationId }: Given<{ conversationId: string }>) =>
  db
    .select({ id: answers.id, content: answers.content, failure: answers.failure })
    .from(answers)
    .where(eq(answers.conversationId, conversationId)),
)

/**
 * The same message id again is the same message: it is answered as it was stored, and nothing is added.
 * @throws AppError NOT_FOUND, CONVERSATION_FULL, CONFLICT (the id is another message's), IDEMPOTENCY_MISMATCH (it is this one's, with
 *   other words), ANSWERED_BY_ASSISTANT
 */
export async function appendMessage(
  db: Database,
  actor: Actor,
  { conversationId, messageId = newId(), role, content }: AppendMessage,
  { hasAssistant }: { hasAssistant: boolean },
): Promise<Message> {
  return withTransaction(db, async (tx) => {
    const conversation = await lockConversation(tx, actor, conversationId)
    if (role === 'assistant' && hasAssistant) throw new AppError('ANSWERED_BY_ASSISTANT')
    const [known] = await tx.select().from(messages).where(eq(messages.id, messageId))
    if (known) {
      if (known.conversationId !== conversationId) throw new AppError('CONFLICT')
      if (known.content !== content || known.role !== role) throw new AppError('IDEMPOTENCY_MISMATCH')
      return toMessage(known)
    }
    if (conversation.messageCount >= conversationLimits.messages) throw new AppError('CONVERSATION_FULL')
    const message = await addMessage(tx, conversation, { id: messageId, role, content })
    if (!message) throw new AppError('CONFLICT')
    return message
  })
}

/** To a locked conversation, and told to whoever follows it or its list. Null, and nothing is told, when the id is taken. */
export async function addMessage(
  tx: Database,
  { id: conversationId, userId, messageCount }: ConversationRow,
  what: Pick<MessageRow, 'id' | 'role' | 'content'> & { stopped?: boolean },
): Promise<Message | null> {
  const position = messageCount + 1
  const [row] = await tx
    .insert(messages)
    .values({ ...what, userId, conversationId, position })
    .onConflictDoNothing({ target: messages.id })
    .returning()
  if (!row) return null
  const message = toMessage(row)
  await publish(tx, conversationChannel(conversationId), { type: 'message.added', actorId: userId, message })
  await publishUpdated(tx, await touchConversation(tx, conversationId, { messageCount: position }), userId)
  return message
}

const toMessage = ({ id, position, role, content, stopped, createdAt }: MessageRow): Message => ({
  id,
  position,
  role,
  content,
  stopped,
  createdAt: createdAt.toISOString(),
})
