/**
 * Conversations, each of one person. Whatever changes one locks its row first, then its answer, so that its messages have one order
 * and nothing waits in a circle.
 */
import { and, count, desc, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import {
  type Conversation,
  type Conversations,
  type CreateConversation,
  conversationLimits,
  type ListConversations,
  type RenameConversation,
} from '../../../shared/conversations.ts'
import { Id } from '../../../shared/id.ts'
import { Instant } from '../../../shared/instant.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import { newId } from '../../platform/db/columns.ts'
import type { Database } from '../../platform/db/database.ts'
import { offsetOf, placeOf, toList } from '../../platform/db/page.ts'
import { type Given, preparedQuery } from '../../platform/db/prepared.ts'
import { afterCommit, withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { lockName } from '../../platform/identity/people.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import type { Following } from '../../platform/live/access-watch.ts'
import { presentCursor } from '../../platform/live/channel-store.ts'
import { openChannel, publish } from '../../platform/live/publish.ts'
import { forgetEvents } from '../../platform/live/retention.ts'
import { conversationChannel, conversationsChannel } from './channel.ts'
import { answers, type ConversationRow, conversations, messages } from './table.ts'

export { searchConversations } from './search.ts'

const Place = z.tuple([Instant, Id])

/** The actor's, that with the newest activity first. */
export async function listConversations(db: Database, actor: Actor, page: ListConversations): Promise<Conversations> {
  const place = placeOf(page, Place)
  const cursor = await presentCursor(db, conversationsChannel(actor.id))
  const [all] = await countOf(db, { userId: actor.id })
  const [updatedAt, id] = place ?? []
  const rows = await readPage(db, {
    userId: actor.id,
    updatedAt,
    id,
    offset: offsetOf(page),
    limit: page.limit + 1,
  })
  const list = toList(rows, page, {
    total: all?.total ?? 0,
    placeOf: ({ updatedAt, id }) => [updatedAt.toISOString(), id],
    toItem: toConversation,
  })
  return { ...list, cursor }
}

const countOf = preparedQuery('conversation_count', (db, { userId }: Given<{ userId: string }>) =>
  db.select({ total: count() }).from(conversations).where(eq(conversations.userId, userId)),
)

interface Page {
  userId: string
  /** After both of these. */
  updatedAt: string | undefined
  id: string | undefined
  offset: number
  limit: number
}

const readPage = preparedQuery(null, (db, { userId, updatedAt, id, offset, limit }: Given<Page>) =>
  db
    .select()
    .from(conversations)
    .where(
      and(
        eq(conversations.userId, userId),
        id && sql`(${conversations.updatedAt}, ${conversations.id}) < (${updatedAt}::timestamptz, ${id}::uuid)`,
      ),
    )
    .orderBy(desc(conversations.updatedAt), desc(conversations.id))
    .offset(offset)
    .limit(limit),
)

/**
 * The same id again is the same conversation, answered as it is now.
 * @throws AppError CONFLICT (the id is somebody else's), CONVERSATION_LIST_FULL
 */
export async function createConversation(
  db: Database,
  actor: Actor,
  { conversationId = newId(), title = null }: CreateConversation,
): Promise<Conversation> {
  return withTransaction(db, async (tx) => {
    // One at a time, or two at once would pass the limit.
    await lockName(tx, conversationsChannel(actor.id))
    const [known] = await tx.select().from(conversations).where(eq(conversations.id, conversationId))
    if (known?.userId === actor.id) return toConversation(known)
    const [already] = await tx.select({ number: count() }).from(conversations).where(eq(conversations.userId, actor.id))
    if ((already?.number ?? 0) >= conversationLimits.perPerson) throw new AppError('CONVERSATION_LIST_FULL')
    const [made] = await tx
      .insert(conversations)
      .values({ id: conversationId, userId: actor.id, title })
      .onConflictDoNothing()
      .returning()
    if (!made) throw new AppError('CONFLICT')
    await openChannel(tx, conversationChannel(made.id))
    const conversation = toConversation(made)
    await publish(tx, conversationsChannel(actor.id), {
      type: 'conversation.created',
      actorId: actor.id,
      conversation,
    })
    return conversation
  })
}

export async function renameConversation(
  db: Database,
  actor: Actor,
  { conversationId, title }: RenameConversation,
): Promise<Conversation> {
  return withTransaction(db, async (tx) => {
    const row = await lockConversation(tx, actor, conversationId)
    noteChange(tx, row, { title })
    if (row.title === title) return toConversation(row)
    const renamed = await touchConversation(tx, conversationId, { title })
    await publishUpdated(tx, renamed, actor.id)
    await publish(tx, conversationChannel(conversationId), {
      type: 'conversation.updated',
      actorId: actor.id,
      conversation: toConversation(renamed),
    })
    return toConversation(renamed)
  })
}

/** With its messages. `endAnswer` is told of an answer that was under way, whoever writes it. @throws AppError NOT_FOUND */
export async function deleteConversation(
  db: Database,
  actor: Actor,
  conversationId: string,
  endAnswer: (answerId: string) => void,
): Promise<void> {
  await withTransaction(db, async (tx) => {
    const row = await lockConversation(tx, actor, conversationId)
    const [answer] = await tx.delete(answers).where(eq(answers.conversationId, conversationId)).returning()
    if (answer) afterCommit(tx, () => endAnswer(answer.id))
    noteChange(tx, row, null)
    await tx.delete(conversations).where(eq(conversations.id, conversationId))
    // Its messages are in them too.
    await forgetEvents(tx, conversationChannel(conversationId))
    for (const channel of [conversationChannel(conversationId), conversationsChannel(actor.id)]) {
      await publish(tx, channel, { type: 'conversation.deleted', actorId: actor.id, conversationId })
    }
  })
}

/** In a transaction: the conversations of one person, with all that is in them, become another's. */
export async function handOverConversations(tx: Database, fromId: string, toId: string): Promise<void> {
  const change = { userId: toId }
  const rows = await tx.update(conversations).set(change).where(eq(conversations.userId, fromId)).returning()
  await tx.update(messages).set(change).where(eq(messages.userId, fromId))
  await tx.update(answers).set(change).where(eq(answers.userId, fromId))
  for (const row of rows) {
    await publish(tx, conversationsChannel(toId), {
      type: 'conversation.created',
      actorId: toId,
      conversation: toConversation(row),
    })
  }
}

/** @throws AppError NOT_FOUND, for somebody else's too */
export async function findConversation(
  db: Database,
  { id: userId }: { id: string },
  conversationId: string,
): Promise<ConversationRow> {
  const [row] = await readOwn(db, { conversationId, userId })
  if (!row) throw new AppError('NOT_FOUND')
  return row
}

export async function getConversation(db: Database, actor: Actor, conversationId: string): Promise<Conversation> {
  return toConversation(await findConversation(db, actor, conversationId))
}

/** As `findConversation`, held until the transaction ends. */
export async function lockConversation(
  tx: Database,
  actor: { id: string },
  conversationId: string,
): Promise<ConversationRow> {
  const [row] = await tx
    .select()
    .from(conversations)
    .where(and(eq(conversations.id, conversationId), eq(conversations.userId, actor.id)))
    .for('update')
  if (!row) throw new AppError('NOT_FOUND')
  return row
}

type Own = Given<{ conversationId: string; userId: string }>

const readOwn = preparedQuery('conversation', (db, { conversationId, userId }: Own) =>
  db
    .select()
    .from(conversations)
    .where(and(eq(conversations.id, conversationId), eq(conversations.userId, userId))),
)

/** Once it is locked: the change, a new version, and the moment, which never goes back. */
export async function touchConversation(
  tx: Database,
  conversationId: string,
  change: Partial<Pick<ConversationRow, 'title' | 'messageCount'>>,
): Promise<ConversationRow> {
  const [row] = await tx
    .update(conversations)
    .set({
      ...change,
      version: sql`${conversations.version} + 1`,
      updatedAt: sql`greatest(${conversations.updatedAt}, clock_timestamp())`,
    })
    .where(eq(conversations.id, conversationId))
    .returning()
  if (!row) throw new Error('a locked conversation vanished')
  return row
}

/** Tells the list of its person how a conversation stands now. */
export async function publishUpdated(tx: Database, row: ConversationRow, actorId: string): Promise<void> {
  await publish(tx, conversationsChannel(row.userId), {
    type: 'conversation.updated',
    actorId,
    conversation: toConversation(row),
  })
}

/** Those of the followers of conversations' channels whose they are. */
export async function stillTheirs(db: Database, followings: readonly Following[]): Promise<Following[]> {
  const { id, userId } = conversations
  const ids = followings.map(({ channel }) => channel.slice(conversationChannel('').length))
  const userIds = followings.map((following) => following.userId)
  const rows = await db
    .select({ id, userId })
    .from(conversations)
    .where(sql`(${id}, ${userId}) in (select * from unnest(${sql.param(ids)}::uuid[], ${sql.param(userIds)}::uuid[]))`)
  const still = new Set(rows.map((row) => `${row.userId} ${conversationChannel(row.id)}`))
  return followings.filter((following) => still.has(`${following.userId} ${following.channel}`))
}

export function toConversation({
  id,
  title,
  messageCount,
  version,
  createdAt,
  updatedAt,
}: ConversationRow): Conversation {
  return {
    id,
    title,
    messageCount,
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}
