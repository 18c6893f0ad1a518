import { type Column, type SQL, sql } from 'drizzle-orm'
import { boolean, check, index, integer, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { AnswerFailure, MessageRole } from '../../../shared/conversations.ts'
import { createdAt, instant, primaryId, searchIndex, searchWords } from '../../platform/db/columns.ts'
import { users } from '../../platform/identity/table.ts'

const userId = () =>
  uuid('user_id')
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' })

export const conversations = pgTable(
  'conversations',
  {
    id: primaryId(),
    userId: userId(),
    title: text('title'),
    /** Also the position of the newest message. */
    messageCount: integer('message_count').notNull().default(0),
    version: integer('version').notNull().default(1),
    createdAt: createdAt(),
    /** Set by the database alone, for the list is sorted by it. */
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (conversation) => [
    // Mine, the newest first.
    index('conversations_user_id_updated_at_id_idx').on(
      conversation.userId,
      conversation.updatedAt.desc().nullsFirst(),
      conversation.id.desc().nullsFirst(),
    ),
    searchIndex('conversations_words_idx', conversationWords(conversation)),
  ],
)

export const messages = pgTable(
  'messages',
  {
    id: primaryId(),
    userId: userId(),
    conversationId: uuid('conversation_id')
      .notNull()
      .references(() => conversations.id, { onDelete: 'cascade' }),
    role: text('role').$type<MessageRole>().notNull(),
    content: text('content').notNull(),
    position: integer('position').notNull(),
    stopped: boolean('stopped').notNull().default(false),
    createdAt: createdAt(),
  },
  (message) => [
    uniqueIndex('messages_conversation_id_position_key').on(message.conversationId, message.position),
    index('messages_user_id_created_at_idx').on(message.userId, message.createdAt.desc().nullsFirst()).concurrently(),
    searchIndex('messages_words_idx', messageWords(message)),
    check('messages_role_check', sql`${message.role} in ('user', 'assistant')`),
  ],
)

/** Those that are no messages yet: under way while `failure` is null. */
export const answers = pgTable(
  'answers',
  {
    conversationId: uuid('conversation_id')
      .primaryKey()
      .references(() => conversations.id, { onDelete: 'cascade' }),
    /** Of the message that it becomes. */
    id: uuid('id').notNull(),
    userId: userId(),
    content: text('content').notNull().default(''),
    failure: text('failure').$type<AnswerFailure>(),
    /** Seen by the instance that writes the answer, whichever was asked. */
    stopAsked: boolean('stop_asked').notNull().default(false),
    /** By the clock of the database: who writes an answer moves it every few seconds. */
    beatAt: instant('beat_at').notNull().defaultNow(),
  },
  (answer) => [
    index('answers_user_id_idx').on(answer.userId),
    index('answers_beat_at_idx').on(answer.beatAt).where(sql`${answer.failure} is null`),
  ],
)

export function conversationWords({ title, userId }: Record<'title' | 'userId', Column>): SQL {
  return searchWords([title], userId)
}

export function messageWords({ content, userId }: Record<'content' | 'userId', Column>): SQL {
  return searchWords([content], userId)
}

export type ConversationRow = typeof conversations.$inferSelect
export type MessageRow = typeof messages.$inferSelect
export type AnswerRow = typeof answers.$inferSelect
