import { type Column, type SQL, sql } from 'drizzle-orm'
import { boolean, customType, index, integer, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { createdAt, instant, primaryId, searchIndex, searchWords, updatedAt } from '../../platform/db/columns.ts'
import { users } from '../../platform/identity/table.ts'

/** Sorts by code units, as JavaScript does, whatever the language of the database. */
const rank = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' })

const ofPerson = () => uuid('user_id').references(() => users.id, { onDelete: 'cascade' })

export const tasks = pgTable(
  'tasks',
  {
    id: primaryId(),
    userId: ofPerson().notNull(),
    title: text('title').notNull(),
    description: text('description'),
    completed: boolean('completed').notNull().default(false),
    /** A deleted task keeps its place. */
    rank: rank('rank').notNull(),
    version: integer('version').notNull().default(1),
    deletedAt: instant('deleted_at'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (task) => [
    uniqueIndex('tasks_user_id_rank_key').on(task.userId, task.rank),
    index('tasks_user_id_completed_rank_idx').on(task.userId, task.completed, task.rank),
    // What changed last, for text search.
    index('tasks_user_id_updated_at_idx')
      .on(task.userId, task.updatedAt.desc().nullsFirst())
      .where(sql`${task.deletedAt} is null`)
      .concurrently(),
    searchIndex('tasks_words_idx', taskWords(task)),
    index('tasks_deleted_at_idx').on(task.deletedAt).where(sql`${task.deletedAt} is not null`),
  ],
)

/** One row a person, held to the commit by whatever changes a task of theirs. Deleted tasks are not counted. */
export const taskLists = pgTable('task_lists', {
  userId: ofPerson().primaryKey(),
  openCount: integer('open_count').notNull().default(0),
  doneCount: integer('done_count').notNull().default(0),
})

type Words = Record<'title' | 'description' | 'userId', Column>

export function taskWords({ title, description, userId }: Words): SQL {
  return searchWords([title, description], userId)
}

export type TaskRow = typeof tasks.$inferSelect
export type TaskListRow = typeof taskLists.$inferSelect
