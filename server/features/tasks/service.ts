/**
 * Tasks. Each person has one list and sees no other. Whatever changes it holds its row in `task_lists` to the commit, so ranks, counts,
 * versions and events of one list have one order. Deleted tasks keep their rank until they are purged, and nobody reads them.
 */
import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm'
import { z } from 'zod'
import {
  type CompleteTask,
  type CreateTask,
  type ListTasks,
  type MoveTask,
  type Task,
  type TaskEvent,
  type Tasks,
  taskLimits,
  type UpdateTask,
} from '../../../shared/tasks.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import { newId } from '../../platform/db/columns.ts'
import type { Database } from '../../platform/db/database.ts'
import { offsetOf, placeOf, toList } from '../../platform/db/page.ts'
import { type Given, preparedQuery } from '../../platform/db/prepared.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { presentCursor } from '../../platform/live/channel-store.ts'
import { publish } from '../../platform/live/publish.ts'
import { countTask, lockList, rankAfter, refuseFull, tasksChannel } from './list.ts'
import { type TaskListRow, type TaskRow, taskLists, tasks } from './table.ts'

export { handOverTasks, tasksChannel } from './list.ts'
export { searchTasks } from './search.ts'

type Who = { id: string }

/** By rank. `total` is of those that fit the filter. */
export async function listTasks(db: Database, { id: userId }: Who, asked: ListTasks): Promise<Tasks> {
  const after = placeOf(asked, Place)?.[0]
  const { completed, limit } = asked
  const cursor = await presentCursor(db, tasksChannel(userId))
  const [list] = await readList(db, { userId })
  const rows = await readPage(db, { userId, completed, after, offset: offsetOf(asked), limit: limit + 1 })
  const { openCount, doneCount } = list ?? { openCount: 0, doneCount: 0 }
  const total = completed === undefined ? openCount + doneCount : completed ? doneCount : openCount
  return { ...toList(rows, asked, { total, placeOf: ({ rank }) => [rank], toItem: toTask }), cursor }
}

const readList = preparedQuery('task_list', (db, { userId }: Given<{ userId: string }>) =>
  db.select().from(taskLists).where(eq(taskLists.userId, userId)),
)

interface Page {
  userId: string
  completed: boolean | undefined
  after: string | undefined
  offset: number
  limit: number
}

const readPage = preparedQuery(null, (db, { userId, completed, after, offset, limit }: Given<Page>) =>
  db
    .select()
    .from(tasks)
    .where(
      and(
        eq(tasks.userId, userId),
        isNull(tasks.deletedAt),
        completed && eq(tasks.completed, completed),
        after && gt(tasks.rank, after),
      ),
    )
    .orderBy(asc(tasks.rank))
    .offset(offset)
    .limit(limit),
)

/** The rank after which a list goes on. */
const Place = z.tuple([z.string()])

/** @throws AppError NOT_FOUND */
export async function getTask(db: Database, actor: Who, taskId: string): Promise<Task> {
  return toTask(present(await findTask(db, actor, taskId)))
}

/** At the top. An id of theirs that is there already, deleted or not, is answered as it is. @throws AppError CONFLICT, TASK_LIST_FULL */
export async function createTask(
  db: Database,
  actor: Who,
  { taskId, title, description = null, completed = false }: CreateTask,
): Promise<Task> {
  return withTransaction(db, async (tx) => {
    const [list, known, rank] = await Promise.all([
      lockList(tx, actor.id),
      taskId && findTask(tx, actor, taskId),
      rankAfter(tx, actor.id, null),
    ])
    if (known) return toTask(known)
    refuseFull(list)
    const id = taskId ?? newId()
    const [made] = await insertTask(tx, { id, userId: actor.id, title, description, completed, rank })
    if (!made) throw new AppError('CONFLICT')
    await countTask(tx, list, null, made)
    await publish(tx, tasksChannel(actor.id), { type: 'task.created', actorId: actor.id, task: toTask(made) })
    return toTask(made)
  })
}

type NewTask = Pick<TaskRow, 'id' | 'userId' | 'title' | 'description' | 'completed' | 'rank'>

const insertTask = preparedQuery('insert_task', (db, task: Given<NewTask>) =>
  db.insert(tasks).values(task).onConflictDoNothing({ target: tasks.id }).returning(),
)

/** @throws AppError NOT_FOUND */
export async function updateTask(db: Database, actor: Who, { taskId, ...fields }: UpdateTask | CompleteTask) {
  return changeTask(db, actor, taskId, async (_tx, task) => present(task) && fields)
}

/** `after` may be deleted: its place is known. After itself, or after what it is after already, changes nothing. @throws AppError NOT_FOUND */
export async function moveTask(db: Database, actor: Who, { taskId, after }: MoveTask): Promise<Task> {
  return changeTask(db, actor, taskId, async (tx, task) => {
    present(task)
    return after === taskId ? {} : { rank: await rankAfter(tx, actor.id, after, task) }
  })
}

/** One that is deleted already is deleted. @throws AppError NOT_FOUND */
export async function deleteTask(db: Database, actor: Who, taskId: string): Promise<void> {
  await changeTask(db, actor, taskId, async (_tx, { deletedAt }) => ({ deletedAt: deletedAt ?? new Date() }))
}

/** To the place it had. One that is not deleted is there already. @throws AppError NOT_FOUND when it is too late, TASK_LIST_FULL */
export async function restoreTask(db: Database, actor: Who, taskId: string): Promise<Task> {
  return changeTask(db, actor, taskId, async (_tx, { deletedAt }, list) => {
    if (deletedAt === null) return {}
    if (deletedAt < undoneBefore()) throw new AppError('NOT_FOUND')
    refuseFull(list)
    return { deletedAt: null }
  })
}

/** What was deleted before it is gone for good. */
export const undoneBefore = () => new Date(Date.now() - taskLimits.undoMinutes * 60_000)

type Change = { [Column in keyof TaskRow]?: TaskRow[Column] | undefined }

/** Holds the list, lets `change` decide, keeps what it returns and tells it. What changes nothing is not told. @throws AppError NOT_FOUND */
async function changeTask(
  db: Database,
  actor: Who,
  taskId: string,
  change: (tx: Database, task: TaskRow, list: TaskListRow) => Promise<Change>,
): Promise<Task> {
  return withTransaction(db, async (tx) => {
    const [list, task] = await Promise.all([lockList(tx, actor.id), findTask(tx, actor, taskId)])
    if (!task) throw new AppError('NOT_FOUND')
    const wanted = Object.entries(await change(tx, task, list))
    const changes = wanted.filter(([column, value]) => value !== undefined && value !== task[column as keyof TaskRow])
    if (changes.length === 0) return toTask(task)
    const changed: Partial<TaskRow> = Object.fromEntries(changes)
    noteChange(tx, task, changed)
    const { title, description, completed, rank, deletedAt } = { ...task, ...changed }
    const [row] = await storeTask(tx, {
      taskId,
      title,
      description,
      completed,
      rank,
      version: task.version + 1,
      deletedAt: deletedAt?.toISOString() ?? null,
      updatedAt: new Date().toISOString(),
    })
    const kept = row as TaskRow
    await countTask(tx, list, task, kept)
    await publish(tx, tasksChannel(actor.id), { actorId: actor.id, ...told(task, kept) })
    return toTask(kept)
  })
}

type Told<Event> = Event extends unknown ? Omit<Event, 'seq' | 'at' | 'actorId'> : never

function told(before: TaskRow, { id, version, ...now }: TaskRow): Told<TaskEvent> {
  if (now.deletedAt) return { type: 'task.deleted', taskId: id, version }
  return { type: before.deletedAt ? 'task.restored' : 'task.updated', task: toTask({ id, version, ...now }) }
}

/** Each column that may change, so that one statement serves every change. Postgres writes no index for a value that stays. */
type Stored = Pick<TaskRow, 'title' | 'description' | 'completed' | 'rank' | 'version'> & {
  taskId: string
  deletedAt: string | null
  updatedAt: string
}

const storeTask = preparedQuery('store_task', (db, task: Given<Stored>) =>
  db
    .update(tasks)
    .set({
      title: sql`${task.title}`,
      description: sql`${task.description}`,
      completed: sql`${task.completed}`,
      rank: sql`${task.rank}`,
      version: sql`${task.version}`,
      deletedAt: sql`${task.deletedAt}`,
      updatedAt: sql`${task.updatedAt}`,
    })
    .where(eq(tasks.id, task.taskId))
    .returning(),
)

async function findTask(db: Database, { id: userId }: Who, taskId: string): Promise<TaskRow | undefined> {
  const [task] = await readTask(db, { userId, taskId })
  return task
}

const readTask = preparedQuery('task', (db, { userId, taskId }: Given<{ userId: string; taskId: string }>) =>
  db
    .select()
    .from(tasks)
    .where(and(eq(tasks.id, taskId), eq(tasks.userId, userId))),
)

function present(task: TaskRow | undefined): TaskRow {
  if (!task || task.deletedAt) throw new AppError('NOT_FOUND')
  return task
}

function toTask({ id, title, description, completed, rank, version, createdAt, updatedAt }: TaskRow): Task {
  return {
    id,
    title,
    description,
    completed,
    rank,
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}
