/** Text search in a user's own tasks, by title and description. */
import { and, desc, eq, isNull, sql } from 'drizzle-orm'
import type { HitOf } from '../../../shared/search.ts'
import { excerptOf } from '../../../shared/search-words.ts'
import { searchScope, searchWords } from '../../platform/db/columns.ts'
import type { Database } from '../../platform/db/database.ts'
import { type Given, preparedQuery } from '../../platform/db/prepared.ts'
import { fitting, searchQuery } from '../../platform/db/text-search.ts'
import { tasks, taskWords } from './table.ts'

interface Asked {
  /** Absent: all fit. */
  text: string | undefined
  limit: number
}

/** Those with all words in the title first, then the newest. */
export async function searchTasks(
  db: Database,
  { id: userId }: { id: string },
  asked: Asked,
): Promise<HitOf<'task'>[]> {
  const rows = await readFitting(db, { userId, ...asked })
  return rows.map(({ id, title, description, completed, updatedAt, inTitle }) => ({
    kind: 'task',
    id,
    title,
    completed,
    inTitle,
    excerpt: asked.text === undefined ? null : excerptOf(description, title, asked.text),
    at: updatedAt.toISOString(),
  }))
}

const readFitting = preparedQuery(null, (db, { userId, text, limit }: Given<{ userId: string } & Asked>) => {
  const own = and(eq(tasks.userId, userId), isNull(tasks.deletedAt))
  const newest = desc(tasks.updatedAt)
  const { id, title, description, completed, updatedAt } = tasks
  const columns = { id, title, description, completed, updatedAt }
  if (!text) {
    return db
      .select({ ...columns, inTitle: sql<boolean>`false` })
      .from(tasks)
      .where(own)
      .orderBy(newest)
      .limit(limit)
  }
  const inTitle = sql<boolean>`${searchWords([title])} @@ ${searchQuery(text)}`
  const query = searchQuery(text, sql`array[${searchScope(sql`${userId}::uuid`)}]`)
  return db
    .select({ ...columns, inTitle: inTitle.as('in_title') })
    .from(fitting({ table: tasks, words: taskWords(tasks), query, where: own, order: newest }))
    .orderBy(desc(sql`in_title`), newest)
    .limit(limit)
})
