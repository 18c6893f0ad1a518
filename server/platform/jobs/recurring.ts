/**
 * Work that comes round, on every instance by itself: soon after the start, then after pauses of uneven length, so that instances
 * that started together do not work together. Never twice at once in one process; a failure is tried again next time.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../db/database.ts'
import { mayDelete } from './retention-clock.ts'

const firstWithinMs = 5_000

export interface Recurring {
  /** For the log. */
  name: string
  everyMs: number
  /** Called before each round, which begins when the promise resolves. */
  ready: () => Promise<void>
  /** For jobs that delete old rows: the database whose clock counts. A round is skipped while that clock may have jumped ahead. */
  deletesFrom?: Database | undefined
  /** Should end soon after `signal`. */
  work: (signal: AbortSignal) => Promise<void>
}

/** Recurring work of a feature, in its `jobs.ts`. Instances do it at the same time, so it must not mind. */
export interface Job extends Pick<Recurring, 'name' | 'everyMs'> {
  /** Deletes what is old, as `deletesFrom` says. */
  deletes?: true
  /** Should end soon after `signal`. Resolves to how many things were done. */
  work: (db: Database, signal: AbortSignal) => Promise<number>
}

/** Returns how to stop, which waits for the work under way. */
export function recurring(
  { name, everyMs, ready, deletesFrom, work }: Recurring,
  log: FastifyBaseLogger,
): () => Promise<void> {
  const closing = new AbortController()
  const { signal } = closing
  const running = (async () => {
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    await Promise.race([ready(), aborted])
    await pause(Math.random() * firstWithinMs, signal)
    for (;;) {
      await Promise.race([ready(), aborted])
      if (signal.aborted) return
      try {
        if (!deletesFrom || (await mayDelete(deletesFrom))) await work(signal)
        else log.debug({ work: name }, 'recurring work left out: the clock of the database may have jumped ahead')
      } catch (err) {
        if (!signal.aborted) log.warn({ err, work: name }, 'recurring work failed, it is done next time')
      }
      await pause(everyMs * (0.5 + Math.random()), signal)
    }
  })()
  return async () => {
    closing.abort()
    await running
  }
}

const pause = (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }).catch(() => {})
