/**
 * A person's list as a whole: its lock, its counts and its order. Ranks are keys between their neighbours', so a move changes one row;
 * deleted tasks are neighbours like any other. No rank is longer than `longestRank`.
 */
import { and, asc, desc, eq, gt, sql } from 'drizzle-orm'
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing'
import { taskLimits } from '../../../shared/tasks.ts'
import type { Database } from '../../platform/db/database.ts'
import { type Given, preparedQuery } from '../../platform/db/prepared.ts'
import { send } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { beginAnew } from '../../platform/live/publish.ts'
import { type TaskListRow, type TaskRow, taskLists, tasks } from './table.ts'

/** Reached by moving between the same two some hundred times. An index or a cursor takes no key of any length. */
const longestRank = 64

export const tasksChannel = (userId: string) => `tasks:${userId}`

/** Held to the commit by whatever changes the list. Sent at once, so that a statement which is sent next reads the list as it is then. */
export async function lockList(tx: Database, userId: string): Promise<TaskListRow> {
  const [list] = await upsertList(tx, { userId })
  return list as TaskListRow
}

const upsertList = preparedQuery('lock_task_list', (db, { userId }: Given<{ userId: string }>) =>
  db
    .insert(taskLists)
    .values({ userId })
    .onConflictDoUpdate({ target: taskLists.userId, set: { userId: sql`excluded.user_id` } })
    .returning(),
)

/** @throws AppError TASK_LIST_FULL */
export function refuseFull({ openCount, doneCount }: TaskListRow): void {
  if (openCount + doneCount >= taskLimits.perPerson) throw new AppError('TASK_LIST_FULL')
}

/** Counts a task anew: `before` it was changed, null when it is new, and as it is `now`. */
export async function countTask(tx: Database, list: TaskListRow, before: TaskRow | null, now: TaskRow): Promise<void> {
  const isIn = (completed: boolean, task: TaskRow | null) =>
    Number(task?.deletedAt === null && task.completed === completed)
  const openCount = list.openCount + isIn(false, now) - isIn(false, before)
  const doneCount = list.doneCount + isIn(true, now) - isIn(true, before)
  if (openCount === list.openCount && doneCount === list.doneCount) return
  await send(tx, storeCounts(tx, { userId: list.userId, openCount, doneCount }))
}

const storeCounts = preparedQuery('count_tasks', (db, { userId, openCount, doneCount }: Given<TaskListRow>) =>
  db
    .update(taskLists)
    .set({ openCount: sql`${openCount}`, doneCount: sql`${doneCount}` })
    .where(eq(taskLists.userId, userId)),
)

/** The rank right after task `after`, or at the top; that of `moving` where it is there already. @throws AppError NOT_FOUND */
export async function rankAfter(tx: Database, userId: string, after: string | null, moving?: TaskRow): Promise<string> {
  const [above] = after === null ? [] : await readPlace(tx, { userId, taskId: after })
  if (after !== null && !above) throw new AppError('NOT_FOUND')
  const [below] = await readPlaceBelow(tx, { userId, rank: above?.rank })
  if (below && below.id === moving?.id) return below.rank
  const rank = generateKeyBetween(above?.rank, below?.rank)
  if (rank.length <= longestRank) return rank
  await placeAnew(tx, userId, userId, null)
  return rankAfter(tx, userId, after, moving)
}

const place = { id: tasks.id, rank: tasks.rank }

const readPlace = preparedQuery('task_place', (db, { userId, taskId }: Given<{ userId: string; taskId: string }>) =>
  db
    .select(place)
    .from(tasks)
    .where(and(eq(tasks.userId, userId), eq(tasks.id, taskId))),
)

const readPlaceBelow = preparedQuery(
  'task_place_below',
  (db, { userId, rank }: Given<{ userId: string; rank: string | undefined }>) =>
    db
      .select(place)
      .from(tasks)
      .where(and(eq(tasks.userId, userId), rank && gt(tasks.rank, rank)))
      .orderBy(asc(tasks.rank))
      .limit(1),
)

/** In a transaction: what is in one person's list comes, in its order, after what is in another's. */
export async function handOverTasks(tx: Database, fromId: string, toId: string): Promise<void> {
  const [from, to] = [await lockList(tx, fromId), await lockList(tx, toId)]
  const [last] = await tx
    .select({ rank: tasks.rank })
    .from(tasks)
    .where(eq(tasks.userId, toId))
    .orderBy(desc(tasks.rank))
    .limit(1)
  await placeAnew(tx, fromId, toId, last?.rank ?? null)
  await tx.delete(taskLists).where(eq(taskLists.userId, fromId))
  await tx
    .update(taskLists)
    .set({ openCount: to.openCount + from.openCount, doneCount: to.doneCount + from.doneCount })
    .where(eq(taskLists.userId, toId))
}

/** All tasks of one person become another's, or stay theirs, with short ranks after `low`. Its followers fetch the list anew. */
async function placeAnew(tx: Database, fromId: string, toId: string, low: string | null): Promise<void> {
  const theirs = eq(tasks.userId, fromId)
  const rows = await tx.select({ id: tasks.id }).from(tasks).where(theirs).orderBy(asc(tasks.rank))
  if (rows.length === 0) return
  const ids = sql.param(rows.map(({ id }) => id))
  const ranks = sql.param(generateNKeysBetween(low, null, rows.length))
  // Out of the way: a new rank may be one that another of them still has. No key begins so.
  await tx
    .update(tasks)
    .set({ rank: sql`'~' || ${tasks.rank}` })
    .where(theirs)
  await tx
    .update(tasks)
    .set({ userId: toId, rank: sql`placed.rank`, version: sql`${tasks.version} + 1` })
    .from(sql`unnest(${ids}::uuid[], ${ranks}::text[]) as placed (id, rank)`)
    .where(eq(tasks.id, sql`placed.id`))
  await beginAnew(tx, tasksChannel(toId))
}
