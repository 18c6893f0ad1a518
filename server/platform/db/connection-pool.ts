/**
 * A bounded pool of connections, by tarn. tarn lends each connection to one task at a time, makes and ends connections, and bounds the wait
 * for one. Ours is when a connection may be lent again.
 */
import { Pool, TimeoutError } from 'tarn'
import { AppError } from '../errors/app-error.ts'

const createMs = 2_500
/** After a connection could not be made, for the tasks that wait for others. */
const retryMs = 100
const idleMs = 300_000
const lifetimeMs = 3_600_000

interface Pooled {
  readonly openedAt: number
  readonly isLost: boolean
  close(): void
}

export class ConnectionPool<Connection extends Pooled> {
  readonly #pool: Pool<Connection>
  #suspectBefore = 0
  #isClosed = false

  /**
   * `open` resolves once the connection is made; it may call `onSilence` later, when the other side does not respond in time. With a `waitMs` above the
   * time it takes at most, a Postgres that does not respond is DATABASE_UNAVAILABLE, and a full pool SERVER_BUSY.
   */
  constructor(open: (onSilence: () => void) => Promise<Connection>, max: number, waitMs = 2_000) {
    const onSilence = () => {
      // Found by one connection, it is likely true of all that were open then. They are replaced, where each would find out in turn.
      this.#suspectBefore = performance.now()
    }
    this.#pool = new Pool({
      create: () => open(onSilence),
      destroy: (connection) => connection.close(),
      validate: ({ isLost, openedAt }) =>
        !isLost && openedAt > this.#suspectBefore && performance.now() - openedAt < lifetimeMs,
      min: 0,
      max,
      acquireTimeoutMillis: waitMs,
      createTimeoutMillis: createMs,
      createRetryIntervalMillis: retryMs,
      propagateCreateError: true,
      idleTimeoutMillis: idleMs,
    })
  }

  /** @throws SERVER_BUSY when none was free in time; DATABASE_UNAVAILABLE when none could be made, or the pool is closed */
  async run<T>(task: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#take()
    try {
      return await task(connection)
    } finally {
      this.#pool.release(connection)
    }
  }

  /** Resolves when the connections in use have been given back. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#pool.destroy()
  }

  async #take(): Promise<Connection> {
    if (this.#isClosed) throw new AppError('DATABASE_UNAVAILABLE')
    try {
      return await this.#pool.acquire().promise
    } catch (cause) {
      if (cause instanceof AppError) throw cause
      throw new AppError(cause instanceof TimeoutError ? 'SERVER_BUSY' : 'DATABASE_UNAVAILABLE', { cause })
    }
  }
}
