/**
 * Group commit: appends that come while others are being written go together, in the next statement and its one commit; one that
 * comes while nothing is written goes at once. Each is answered after its own commit. They share a commit and nothing else: a
 * draft that somebody holds is left out and waits alone, and where a statement of several breaks at one row, each goes alone.
 */
import type { Database } from '../../platform/db/database.ts'
import { sqlState } from '../../platform/db/faults.ts'
import { rootOf } from '../../platform/db/transaction.ts'
import { type Appended, type Appending, runAppend } from './append-statement.ts'

const maxTogether = 100

interface Waiting {
  readonly appending: Appending
  readonly answer: PromiseWithResolvers<Appended | null>
}

const queues = new WeakMap<Database, AppendQueue>()

/** Null when nothing was written. Inside a transaction it is a part of that, and of nothing else. */
export function append(db: Database, appending: Appending): Promise<Appended | null> {
  // Failing, it goes back to a savepoint, and the transaction can go on.
  if (rootOf(db) !== db) return db.transaction((savepoint) => alone(savepoint, appending))
  const queue = queues.get(db) ?? new AppendQueue(db)
  queues.set(db, queue)
  return queue.append(appending)
}

class AppendQueue {
  readonly #db: Database
  #waiting: Waiting[] = []
  #running = false

  constructor(db: Database) {
    this.#db = db
  }

  append(appending: Appending): Promise<Appended | null> {
    const answer = Promise.withResolvers<Appended | null>()
    this.#waiting.push({ appending, answer })
    if (!this.#running) void this.#run()
    return answer.promise
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) await this.#together(this.#waiting.splice(0, maxTogether))
    this.#running = false
  }

  /** Never throws. */
  async #together(several: Waiting[]): Promise<void> {
    const bySegment = new Map<string, Waiting>()
    for (const waiting of several) {
      const { segmentId } = waiting.appending
      if (!bySegment.has(segmentId)) bySegment.set(segmentId, waiting)
    }
    try {
      const first = [...bySegment.values()]
      const written = await runAppend(
        this.#db,
        'together',
        first.map(({ appending }) => appending),
      )
      const done = new Set<Waiting>()
      // In the order of their channels, in which they are announced.
      for (const row of written.toSorted((a, b) => Number(a.seq) - Number(b.seq))) {
        const waiting = bySegment.get(row.segmentId) as Waiting
        done.add(waiting)
        waiting.answer.resolve(row)
      }
      this.#eachAlone(several.filter((waiting) => !done.has(waiting)))
    } catch (error) {
      if (isOfOneRow(error)) this.#eachAlone(several)
      else for (const { answer } of several) answer.reject(error)
    }
  }

  #eachAlone(several: Waiting[]) {
    for (const { appending, answer } of several) answer.resolve(alone(this.#db, appending))
  }
}

async function alone(db: Database, appending: Appending): Promise<Appended | null> {
  const [row] = await runAppend(db, 'alone', [appending])
  return row ?? null
}

/** Bad data, a broken constraint, a deadlock, a lock that did not come: nothing was written, and not for want of a database. */
function isOfOneRow(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (/^(22|23|40|55P03)/.test(sqlState(cause) ?? '')) return true
  }
  return false
}
