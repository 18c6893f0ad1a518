/**
 * A postgres.js client that is thrown away whole as soon as one of its connections is lost, and made anew. Version 3.4.9
 * lets a connection that closed at the wrong moment hang for ever (github.com/LanternOps/breeze/issues/3225), connects
 * without a pause to a port that hangs up, and waits without end for one that fell silent. What still runs on the old
 * client may finish there.
 */
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { isConnectionLost, lostConnection } from './faults.ts'
import { runTransaction } from './postgres-transaction.ts'

/** After a loss, so that a database that comes back is not met by all of its clients at once. */
const pauseMs = 100

export type ClientOptions = postgres.Options<Record<string, never>> & {
  /** Of postgres.js, but not in its types. */
  onnotify?: (channel: string, payload: string) => void
}

/** One client of postgres.js with its sockets. */
export interface Connections {
  readonly sql: postgres.Sql
  /** Statements that run may take `graceS` to finish. No socket is left open, not even to a peer that is silent. */
  end(graceS: number): Promise<void>
}

/**
 * Connects when first asked, and not before `notBefore` (of `performance.now()`). A statement for which no connection
 * can be had fails within some 2 s.
 */
export function openConnections(url: string, options: ClientOptions, notBefore = 0): Connections {
  const sockets = new Set<Socket>()
  let [attempts, hangUps, ended] = [0, 0, false]
  const settings: ClientOptions & { socket: (parsed: SocketOptions) => Promise<Socket> } = {
    connect_timeout: 2,
    // Of an idle connection: seconds until the system asks whether the other side is still there.
    keep_alive: 5,
    // The database may be back at any moment, and the first success counts: no exponential wait.
    backoff: () => 0.1 + Math.random() * 0.2,
    onnotice: () => {},
    // A query of its own at each connect; we send and read text for anything it would find out.
    fetch_types: false,
    ...options,
    async socket({ host, port, path, ssl }) {
      const waitMs = notBefore - performance.now()
      if (waitMs > 0) await delay(waitMs)
      // postgres.js would connect again at once, for ever, and never tell who asked.
      if (ended || hangUps >= host.length) throw lostConnection('CONNECTION_CLOSED')
      const at = attempts++ % host.length
      const socket = path ? connect(path) : connect(port[at] ?? 5432, host[at])
      for (const old of sockets) if (old.destroyed) sockets.delete(old)
      sockets.add(socket)
      socket.once('close', () => {
        hangUps = socket.bytesRead === 0 ? hangUps + 1 : 0
      })
      return Object.assign(socket, { host: host[at], port: port[at], ssl })
    },
  }
  const sql = postgres(url, settings)
  return {
    sql,
    async end(graceS) {
      await sql.end({ timeout: graceS })
      ended = true
      for (const socket of sockets) {
        if (socket.connecting) socket.destroy()
        else socket.destroySoon()
      }
    },
  }
}

interface SocketOptions {
  host: string[]
  port: number[]
  path: string | false | undefined
  ssl: unknown
}

export class PostgresClient {
  readonly #open: (notBefore: number) => Connections
  readonly #answerMs: number
  /** The clients in use, each with how much runs on it; the last one gets what is new. */
  readonly #generations = new Map<Connections, number>()
  #current: Connections
  #ended = false

  /** A statement that has no answer after `answerMs` has lost its connection. */
  constructor(url: string, options: ClientOptions, answerMs: number) {
    this.#open = (notBefore) => openConnections(url, options, notBefore)
    this.#answerMs = answerMs
    this.#current = this.#open(0)
    this.#generations.set(this.#current, 0)
  }

  /** Those of the client in use: drizzle puts its own parsers there. */
  get options() {
    return this.#current.sql.options
  }

  statement<T>(ask: (sql: postgres.Sql) => PromiseLike<T>): Promise<T> {
    return this.#run(({ sql }) => inTime(ask(sql), this.#answerMs))
  }

  transaction<T>(task: (tx: postgres.TransactionSql) => Promise<T>): Promise<T> {
    return this.#run(({ sql }) => runTransaction(sql, task, this.#answerMs))
  }

  async end(graceS: number): Promise<void> {
    this.#ended = true
    await Promise.all([...this.#generations.keys()].map((connections) => connections.end(graceS)))
  }

  async #run<T>(work: (connections: Connections) => Promise<T>): Promise<T> {
    const connections = this.#current
    this.#count(connections, 1)
    try {
      return await work(connections)
    } catch (error) {
      if (isConnectionLost(error)) this.#replace(connections)
      throw error
    } finally {
      this.#count(connections, -1)
    }
  }

  #count(connections: Connections, change: 1 | -1) {
    const running = (this.#generations.get(connections) ?? 0) + change
    this.#generations.set(connections, running)
    if (running > 0 || connections === this.#current || this.#ended) return
    this.#generations.delete(connections)
    void connections.end(0)
  }

  #replace(lost: Connections) {
    if (lost !== this.#current || this.#ended) return
    this.#current = this.#open(performance.now() + pauseMs)
    this.#generations.set(this.#current, 0)
    for (const kind of ['parsers', 'serializers'] as const) {
      Object.assign(this.#current.sql.options[kind], lost.sql.options[kind])
    }
  }
}

async function inTime<T>(answer: PromiseLike<T>, answerMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(lostConnection('ETIMEDOUT')), answerMs)
  })
  try {
    return await Promise.race([answer, silence])
  } finally {
    clearTimeout(timer)
  }
}
