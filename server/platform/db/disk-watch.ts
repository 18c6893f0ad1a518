/** Whether the database has no space left: from the first statement that failed for that reason until rows can be stored again. */
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import { rateLimits } from '../limits/table.ts'
import type { Database } from './database.ts'
import { isDiskFull } from './faults.ts'

/** More than the free space in existing pages, so that the file has to grow. */
const probeRows = 256

/** Postgres reports 53100 for a full /dev/shm too, which parallel queries use and which is 64 MB in a container by default. */
export const diskFullMessage =
  'The database has no space left (SQLSTATE 53100), so writes fail while reads may still work. Its disk is full, or its shared memory (/dev/shm): the log of Postgres names which. Free or add space: writes then work again without a restart.'

export class DiskWatch {
  readonly #log: FastifyBaseLogger
  readonly #everyMs: number
  readonly #closing = new AbortController()
  #probing: Promise<void> | undefined

  constructor(log: FastifyBaseLogger, everyMs: number) {
    this.#log = log
    this.#everyMs = everyMs
  }

  get isFull(): boolean {
    return this.#probing !== undefined
  }

  /** Called with the failure of any statement. Polls `db` until it stores rows again. */
  note(error: unknown, db: () => Database): void {
    if (this.#probing || this.#closing.signal.aborted || !isDiskFull(error)) return
    this.#log.error(diskFullMessage)
    this.#probing = this.#untilStored(db).finally(() => {
      this.#probing = undefined
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#probing
  }

  async #untilStored(db: () => Database): Promise<void> {
    const { signal } = this.#closing
    for (;;) {
      await delay(this.#everyMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      if (!(await canStore(db()))) continue
      this.#log.warn('The database has space again: rows are stored.')
      return
    }
  }
}

class Undone extends Error {}

/** Writes incompressible rows in a transaction that is rolled back. */
async function canStore(db: Database): Promise<boolean> {
  try {
    return await db.transaction(async (tx) => {
      await tx.execute(sql`
        insert into ${rateLimits} (key, points, expire)
        select 'disk ' || n || (select string_agg(md5(random()::text || n || m), '') from generate_series(1, 32) m), 0, 0
        from generate_series(1, ${probeRows}::int) n`)
      throw new Undone()
    })
  } catch (error) {
    return error instanceof Undone
  }
}
