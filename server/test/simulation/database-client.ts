/** Connections of one process to the simulated database: as PostgresConnection and ConnectionPool, with their timeouts and errors. */
import type { DatabaseDriver } from '../../platform/db/database.ts'
import type { AppDatabase } from '../../platform/db/plugin.ts'
import type { Rows, Statement } from '../../platform/db/postgres-connection.ts'
import { listenUntil } from '../../platform/db/postgres-listener.ts'
import { type Connection, type Connections as Pool, poolDatabase, runAlone } from '../../platform/db/postgres-pool.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Postgres, Session } from './postgres.ts'
import type { Node, World } from './world.ts'

const answerMs = 12_000
const listenMs = 3_000
const controlMs = 2_000
const connectMs = 2_000
const poolMax = 4

/** What happens to the connections of a process. */
export interface ConnectionFaults {
  /** How many of the next commits lose their connection: before they are carried out, or after. */
  commitsCut: number
  /** Of each answer, at most. */
  slowMs: number
}

interface Callbacks {
  onNotice?: (payload: string) => void
  onLost?: () => void
}

class Client implements Connection {
  readonly #world: World
  readonly #node: Node
  readonly #postgres: Postgres
  readonly #faults: ConnectionFaults
  readonly #answerMs: number
  readonly #callbacks: Callbacks
  #session: Session | null = null
  #connecting: Promise<void> | undefined
  #isLost = false
  readonly #pending = new Set<(error: Error) => void>()
  #arrivesAt = 0
  #answersAt = 0

  constructor(postgres: Postgres, node: Node, faults: ConnectionFaults, answersMs: number, callbacks: Callbacks) {
    this.#world = postgres.world
    this.#node = node
    this.#postgres = postgres
    this.#faults = faults
    this.#answerMs = answersMs
    this.#callbacks = callbacks
  }

  get isLost(): boolean {
    return this.#isLost
  }

  /** At the server; the process that opened it may have ended. */
  get session(): Session | null {
    return this.#session
  }

  connect(): Promise<void> {
    this.#connecting ??= this.#connect()
    return this.#connecting
  }

  async query(statement: Statement): Promise<Rows> {
    await this.connect()
    return this.#query(statement)
  }

  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#world.in(this.#latency(), this.#node, () => {
        this.#session = this.#postgres.open(() =>
          this.#world.in(this.#node.random.between(0, 20), this.#node, () => this.#lose()),
        )
        if (this.#session) resolve()
        else {
          this.#lose()
          reject(away())
        }
      })
    })
  }

  #query({ text, values = [] }: Statement): Promise<Rows> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        clearTimeout(tooLate)
        this.#pending.delete(fail)
        reject(error)
      }
      const tooLate = setTimeout(() => this.close(), this.#answerMs)
      this.#pending.add(fail)
      if (this.#isLost || !this.#session) {
        this.#world.in(0, this.#node, () => fail(away()))
        return
      }
      const session = this.#session
      const isCut = text === 'commit' && this.#faults.commitsCut > 0
      if (isCut) this.#faults.commitsCut--
      if (isCut && this.#node.random.chance(0.5)) return this.cut()
      this.#arrivesAt = Math.max(this.#arrivesAt, this.#world.now + this.#latency())
      this.#world.in(this.#arrivesAt - this.#world.now, this.#postgres.node, () => {
        this.#postgres.execute(session, text, [...values], (error, { command, rows }) => {
          if (isCut) return this.cut()
          this.#answersAt = Math.max(this.#answersAt, this.#world.now + this.#latency())
          this.#world.in(this.#answersAt - this.#world.now, this.#node, () => {
            if (!this.#pending.has(fail)) return
            this.#pending.delete(fail)
            clearTimeout(tooLate)
            if (error) return reject(error)
            if (command === 'LISTEN') session.onNotice = (payload) => this.#notice(payload)
            resolve(Object.assign([...rows], { command }))
          })
        })
      })
    })
  }

  /** Neither end receives anything more from the other. */
  cut() {
    const session = this.#session
    if (session) this.#world.in(0, this.#world.stage, () => this.#postgres.close(session))
    this.#world.in(this.#node.random.between(0, 30), this.#node, () => this.#lose())
  }

  close() {
    this.cut()
    this.#lose()
  }

  #notice(payload: string) {
    this.#world.in(this.#node.random.between(0, 5), this.#node, () => this.#callbacks.onNotice?.(payload))
  }

  #lose() {
    if (this.#isLost) return
    this.#isLost = true
    // Also the session of a connection that was cut while it was made.
    const session = this.#session
    if (session) this.#world.in(0, this.#world.stage, () => this.#postgres.close(session))
    this.#callbacks.onLost?.()
    for (const fail of [...this.#pending]) fail(away())
  }

  #latency(): number {
    const { random } = this.#node
    if (this.#faults.slowMs > 0) return random.between(0, this.#faults.slowMs)
    return random.chance(0.9) ? random.between(0, 3) : random.between(0, 40)
  }
}

const away = () => new AppError('DATABASE_UNAVAILABLE')

/** All connections of one process. */
export class Connections {
  readonly faults: ConnectionFaults = { commitsCut: 0, slowMs: 0 }
  readonly #postgres: Postgres
  readonly #node: Node
  readonly #all = new Set<Client>()
  readonly #idle: Client[] = []
  readonly #waiting: ((client: Client) => void)[] = []
  #open = 0

  constructor(postgres: Postgres, node: Node) {
    this.#postgres = postgres
    this.#node = node
  }

  driver(): Pick<DatabaseDriver, 'kind' | 'db' | 'notify' | 'listen'> &
    Pick<AppDatabase, 'whenMigrated' | 'whenReady'> {
    const pool: Pool = {
      run: async (task) => {
        const client = await this.#take()
        try {
          return await task(client)
        } finally {
          this.#release(client)
        }
      },
    }
    let control: Client | null = null
    const controlled: Pool = {
      run: (task) => {
        if (!control || control.isLost) control = this.#client(controlMs)
        return task(control)
      },
    }
    return {
      kind: 'postgres',
      db: poolDatabase(pool, true, () => {}),
      whenMigrated: Promise.resolve(),
      whenReady: async () => {},
      notify: async (channel, payload) => {
        await runAlone(controlled, { text: 'select pg_notify($1, $2)', values: [channel, payload] })
      },
      listen: (channel, onNotice, onConnected) => {
        const open = (callbacks: Callbacks) => this.#client(listenMs, callbacks)
        void listenUntil(new AbortController().signal, open, channel, onNotice, onConnected, () => {})
      },
    }
  }

  /** The process was killed: the server learns of it soon. */
  dropped() {
    const { world } = this.#postgres
    for (const { session } of this.#all) {
      if (session) world.in(this.#node.random.between(0, 20), world.stage, () => this.#postgres.close(session))
    }
  }

  cutAll() {
    for (const client of this.#all) client.cut()
  }

  #client(answersMs: number, { onNotice, onLost }: Callbacks = {}): Client {
    const client = new Client(this.#postgres, this.#node, this.faults, answersMs, {
      ...(onNotice && { onNotice }),
      onLost: () => {
        this.#all.delete(client)
        onLost?.()
      },
    })
    this.#all.add(client)
    return client
  }

  async #take(): Promise<Client> {
    for (let client = this.#idle.pop(); client; client = this.#idle.pop()) {
      if (!client.isLost) return client
      this.#open--
    }
    if (this.#open >= poolMax) {
      return new Promise((resolve, reject) => {
        const tooLate = setTimeout(() => {
          this.#waiting.splice(this.#waiting.indexOf(take), 1)
          reject(new AppError('SERVER_BUSY'))
        }, connectMs)
        const take = (client: Client) => {
          clearTimeout(tooLate)
          resolve(client)
        }
        this.#waiting.push(take)
      })
    }
    return this.#connect()
  }

  async #connect(): Promise<Client> {
    this.#open++
    const client = this.#client(answerMs)
    try {
      await client.connect()
      return client
    } catch (error) {
      this.#open--
      throw error
    }
  }

  #release(client: Client) {
    if (!client.isLost) return this.#give(client)
    this.#open--
    if (this.#waiting.length > 0)
      this.#connect().then(
        (next) => this.#give(next),
        () => {},
      )
  }

  #give(client: Client) {
    const next = this.#waiting.shift()
    if (next) next(client)
    else this.#idle.push(client)
  }
}
