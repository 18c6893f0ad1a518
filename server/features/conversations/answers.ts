/**
 * Answers of the assistant from the moment they are asked for until they are messages, as rows: at most one of a conversation is under
 * way, wherever it is written. Each step is a conditional write on the answer's id, so whoever lost an answer (deleted, given up by the
 * sweep, asked anew) writes nothing more.
 */
import { and, asc, desc, eq, isNull, lt, lte, or, sql } from 'drizzle-orm'
import { type Answer, type AnswerFailure, conversationLimits, type MessageRole } from '../../../shared/conversations.ts'
import { type Origin, recordAudit } from '../../platform/audit/audit-log.ts'
import { newId } from '../../platform/db/columns.ts'
import type { Database } from '../../platform/db/database.ts'
import { afterCommit, withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { publish } from '../../platform/live/publish.ts'
import type { AnswerBudget } from './answer-budget.ts'
import { conversationChannel } from './channel.ts'
import { addMessage, findAnswer } from './messages.ts'
import { findConversation, lockConversation } from './service.ts'
import { type AnswerRow, answers, type ConversationRow, conversations, messages } from './table.ts'

/** An answer that somebody asked for, and what it answers. */
export interface Asked {
  readonly id: string
  readonly conversationId: string
  readonly userId: string
  /** Of the newest message that it answers. */
  readonly position: number
  /** Of the call that asked. */
  readonly origin: Origin
}

/** What writes answers on this instance. */
export interface Writer {
  readonly budget: AnswerBudget
  begin(asked: Asked): void
  stop(answerId: string): void
}

/** Several beats: whoever has not moved one for as long is gone. */
const staleAfterS = 20
const isStale = lt(answers.beatAt, sql`now() - make_interval(secs => ${staleAfterS})`)

/** @throws AppError NOT_FOUND, ASSISTANT_OFF, NOTHING_TO_ANSWER, CONVERSATION_FULL, ANSWER_UNDER_WAY, and as `AnswerBudget.spend` */
export async function askAssistant(
  db: Database,
  actor: Actor,
  conversationId: string,
  { writer, origin }: { writer: Writer | null; origin: Origin },
): Promise<Answer> {
  return withTransaction(db, async (tx) => {
    const { messageCount } = await lockConversation(tx, actor, conversationId)
    if (!writer) throw new AppError('ASSISTANT_OFF')
    const [last] = await tx
      .select({ role: messages.role })
      .from(messages)
      .where(and(eq(messages.conversationId, conversationId), eq(messages.position, messageCount)))
    if (last?.role !== 'user') throw new AppError('NOTHING_TO_ANSWER')
    if (messageCount >= conversationLimits.messages) throw new AppError('CONVERSATION_FULL')
    await writer.budget.spend(tx, actor, conversationId, staleAfterS)
    const begun = {
      id: newId(),
      userId: actor.id,
      content: '',
      failure: null,
      stopAsked: false,
      beatAt: sql`clock_timestamp()`,
    }
    const [answer] = await tx
      .insert(answers)
      .values({ conversationId, ...begun })
      .onConflictDoUpdate({
        target: answers.conversationId,
        set: begun,
        setWhere: or(sql`${answers.failure} is not null`, isStale),
      })
      .returning()
    if (!answer) throw new AppError('ANSWER_UNDER_WAY')
    await publish(tx, conversationChannel(conversationId), {
      type: 'answer.begun',
      actorId: actor.id,
      answerId: answer.id,
    })
    const { id, userId } = answer
    afterCommit(tx, () => writer.begin({ id, conversationId, userId, position: messageCount, origin }))
    return { id, content: '', failure: null }
  })
}

/** One that is under way, or failed. @throws AppError NOT_FOUND, when there is none too */
export async function getAnswer(db: Database, actor: Actor, conversationId: string): Promise<Answer> {
  await findConversation(db, actor, conversationId)
  const answer = await findAnswer(db, conversationId)
  if (!answer) throw new AppError('NOT_FOUND')
  return answer
}

/** False when none is under way. What had been said is kept, as a message. @throws AppError NOT_FOUND */
export async function stopAnswer(
  db: Database,
  actor: Actor,
  conversationId: string,
  writer: Writer | null,
): Promise<{ stopped: boolean }> {
  return withTransaction(db, async (tx) => {
    await findConversation(tx, actor, conversationId)
    const [answer] = await tx
      .update(answers)
      .set({ stopAsked: true })
      .where(and(eq(answers.conversationId, conversationId), isNull(answers.failure)))
      .returning({ id: answers.id })
    if (answer) afterCommit(tx, () => writer?.stop(answer.id))
    return { stopped: answer !== undefined }
  })
}

const unitsOfHistory = 48_000
const messagesOfHistory = 200

/** The newest messages up to the one that is answered, as many as fit, and that one in any case; oldest first. */
export async function readHistory(
  db: Database,
  { conversationId, position }: Asked,
): Promise<{ role: MessageRole; content: string }[]> {
  const newest = db
    .select({ role: messages.role, content: messages.content, position: messages.position })
    .from(messages)
    .where(and(eq(messages.conversationId, conversationId), lte(messages.position, position)))
    .orderBy(desc(messages.position))
    .limit(messagesOfHistory)
    .as('newest')
  const sums = db
    .select({
      role: newest.role,
      content: newest.content,
      position: newest.position,
      soFar: sql<number>`sum(length(${newest.content})) over (order by ${newest.position} desc)`.as('so_far'),
    })
    .from(newest)
    .as('sums')
  return db
    .select({ role: sums.role, content: sums.content })
    .from(sums)
    .where(or(lte(sums.soFar, unitsOfHistory), eq(sums.position, position)))
    .orderBy(asc(sums.position))
}

const underWay = ({ id, conversationId }: Pick<Asked, 'id' | 'conversationId'>) =>
  and(eq(answers.conversationId, conversationId), eq(answers.id, id), isNull(answers.failure))

/**
 * Writes down what has been said, all of it each time, so that one whose outcome nobody knows can be done again; `text` is what is new,
 * from `from` on, and none only says that the writer is there. `gone`: it is not the writer's any more.
 */
export async function continueAnswer(
  db: Database,
  asked: Asked,
  { content, from }: { content: string; from: number },
): Promise<'on' | 'stop' | 'gone'> {
  return withTransaction(db, async (tx) => {
    const [answer] = await tx
      .update(answers)
      .set({ content, beatAt: sql`clock_timestamp()` })
      .where(underWay(asked))
      .returning({ stopAsked: answers.stopAsked })
    if (!answer) return 'gone'
    const text = content.slice(from)
    if (text !== '') {
      await publish(tx, conversationChannel(asked.conversationId), {
        type: 'answer.continued',
        actorId: asked.userId,
        answerId: asked.id,
        from,
        text,
      })
    }
    return answer.stopAsked ? 'stop' : 'on'
  })
}

/** The answer becomes a message; one that was stopped before it said anything becomes nothing. */
export async function finishAnswer(db: Database, asked: Asked, { stopped }: { stopped: boolean }): Promise<void> {
  await withTransaction(db, async (tx) => {
    const { id, conversationId, origin } = asked
    const [conversation] = await tx
      .select()
      .from(conversations)
      .where(eq(conversations.id, conversationId))
      .for('update')
    const [answer] = await tx.delete(answers).where(underWay(asked)).returning()
    if (!conversation || !answer) return
    const { content } = answer
    if (stopped && content.trim() === '') return publishEnd(tx, conversation, 'answer.stopped', { answerId: id })
    const message = await addMessage(tx, conversation, { id, role: 'assistant', content, stopped })
    // Somebody gave its id, which only they could know, to a message of their own.
    if (!message) return publishEnd(tx, conversation, 'answer.stopped', { answerId: id })
    await recordAudit(tx, {
      ...origin,
      actorId: conversation.userId,
      action: 'conversations.answer',
      target: `conversation:${conversationId}`,
      after: { messageId: id, position: message.position, stopped },
    })
  })
}

/** What has been said is kept beside the failure, until it is asked again. */
export async function failAnswer(
  db: Database,
  answer: Pick<AnswerRow, 'id' | 'conversationId'>,
  failure: AnswerFailure,
  { ifStale = false } = {},
): Promise<void> {
  await withTransaction(db, async (tx) => {
    const [failed] = await tx
      .update(answers)
      .set({ failure })
      .where(and(underWay(answer), ifStale ? isStale : undefined))
      .returning()
    if (!failed) return
    await publishEnd(tx, { id: failed.conversationId, userId: failed.userId }, 'answer.failed', {
      answerId: failed.id,
      failure,
    })
  })
}

/** Those whose writer is gone: killed, or cut off from the database for long. Returns how many there were. */
export async function failAbandoned(db: Database, signal?: AbortSignal): Promise<number> {
  const abandoned = await db
    .select({ id: answers.id, conversationId: answers.conversationId })
    .from(answers)
    .where(and(isNull(answers.failure), isStale))
    .orderBy(asc(answers.beatAt))
    .limit(1000)
  for (const answer of abandoned) {
    if (signal?.aborted) break
    await failAnswer(db, answer, 'interrupted', { ifStale: true })
  }
  return abandoned.length
}

const publishEnd = (
  tx: Database,
  { id, userId }: Pick<ConversationRow, 'id' | 'userId'>,
  type: 'answer.stopped' | 'answer.failed',
  what: { answerId: string; failure?: AnswerFailure },
) => publish(tx, conversationChannel(id), { type, actorId: userId, ...what })
