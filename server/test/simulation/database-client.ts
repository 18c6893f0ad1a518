/** Connections of one process to the simulated database: the part of node-postgres that the product uses, with its timeouts and its errors. */
import { EventEmitter } from 'node:events'
import type pg from 'pg'
import type { DatabaseDriver } from '../../platform/db/database.ts'
import type { AppDatabase } from '../../platform/db/plugin.ts'
import { listenUntil } from '../../platform/db/postgres-listener.ts'
import { poolDatabase } from '../../platform/db/postgres-pool.ts'
import type { Postgres, Session } from './postgres.ts'
import type { Result } from './statements.ts'
import type { Node, World } from './world.ts'

const answerMs = 12_000
const listenMs = 3_000
const controlMs = 2_000
const connectMs = 2_000
const poolMax = 4

type Config = { text: string } | string

/** What happens to the connections of a process. */
export interface ConnectionFaults {
  /** How many of the next commits lose their connection: before they are carried out, or after. */
  commitsCut: number
  /** Of each answer, at most. */
  slowMs: number
}

class Client extends EventEmitter {
  readonly #world: World
  readonly #node: Node
  readonly #postgres: Postgres
  readonly #faults: ConnectionFaults
  readonly #answerMs: number
  #session: Session | null = null
  #isLost = false
  readonly #pending = new Set<(error: Error) => void>()
  #arrivesAt = 0
  #answersAt = 0
  status: 'I' | 'T' | 'E' = 'I'

  constructor(postgres: Postgres, node: Node, faults: ConnectionFaults, answersMs: number) {
    super()
    this.#world = postgres.world
    this.#node = node
    this.#postgres = postgres
    this.#faults = faults
    this.#answerMs = answersMs
  }

  get isLost(): boolean {
    return this.#isLost
  }

  /** At the server; the process that opened it may have ended. */
  get session(): Session | null {
    return this.#session
  }

  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#world.in(this.#latency(), this.#node, () => {
        this.#session = this.#postgres.open(() =>
          this.#world.in(this.#node.random.between(0, 20), this.#node, () => this.#lose()),
        )
        if (this.#session) resolve()
        else reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
      })
    })
  }

  query(config: Config, values: unknown[] = []): Promise<Result> {
    const text = typeof config === 'string' ? config : config.text
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        clearTimeout(tooLate)
        this.#pending.delete(fail)
        reject(error)
      }
      const tooLate = setTimeout(() => fail(new Error('Query read timeout')), this.#answerMs)
      this.#pending.add(fail)
      if (this.#isLost || !this.#session) {
        this.#world.in(0, this.#node, () => fail(new Error('Connection terminated unexpectedly')))
        return
      }
      const session = this.#session
      const isCut = text === 'commit' && this.#faults.commitsCut > 0
      if (isCut) this.#faults.commitsCut--
      if (isCut && this.#node.random.chance(0.5)) return this.cut()
      this.#arrivesAt = Math.max(this.#arrivesAt, this.#world.now + this.#latency())
      this.#world.in(this.#arrivesAt - this.#world.now, this.#postgres.node, () => {
        this.#postgres.execute(session, text, values, (error, result) => {
          const { status } = session
          if (isCut) return this.cut()
          this.#answersAt = Math.max(this.#answersAt, this.#world.now + this.#latency())
          this.#world.in(this.#answersAt - this.#world.now, this.#node, () => {
            if (!this.#pending.has(fail)) return
            this.#pending.delete(fail)
            clearTimeout(tooLate)
            this.status = status
            if (error) reject(error)
            else resolve(result)
          })
        })
      })
    })
  }

  getTransactionStatus() {
    return this.status
  }

  /** Neither end receives anything more from the other. */
  cut() {
    const session = this.#session
    if (session) this.#world.in(0, this.#world.stage, () => this.#postgres.close(session))
    this.#world.in(this.#node.random.between(0, 30), this.#node, () => this.#lose())
  }

  async end() {
    this.cut()
  }

  #lose() {
    if (this.#isLost) return
    this.#isLost = true
    this.emit('end')
    for (const fail of [...this.#pending]) fail(new Error('Connection terminated unexpectedly'))
  }

  #latency(): number {
    const { random } = this.#node
    if (this.#faults.slowMs > 0) return random.between(0, this.#faults.slowMs)
    return random.chance(0.9) ? random.between(0, 3) : random.between(0, 40)
  }
}

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
    const pool = { connect: async () => this.#lent(await this.#take()) }
    let control: Client | null = null
    return {
      kind: 'postgres',
      db: poolDatabase(pool as unknown as pg.Pool, true, () => {}),
      whenMigrated: Promise.resolve(),
      whenReady: async () => {},
      notify: async (channel, payload) => {
        const client = control && !control.isLost ? control : this.#client(controlMs)
        if (client !== control) await client.connect()
        control = client
        await client.query('select pg_notify($1, $2)', [channel, payload])
      },
      listen: (channel, onNotice, onConnected) => {
        const open = () => {
          const client = this.#client(listenMs)
          const { query } = client
          client.query = async (config, values) => {
            const result = await query.call(client, config, values)
            if (String(config).startsWith('listen') && client.session) {
              client.session.onNotice = (payload) =>
                this.#postgres.world.in(this.#node.random.between(0, 5), this.#node, () =>
                  client.emit('notification', { payload }),
                )
            }
            return result
          }
          return client as unknown as pg.Client
        }
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

  #client(answersMs: number): Client {
    const client = new Client(this.#postgres, this.#node, this.faults, answersMs)
    client.once('end', () => this.#all.delete(client))
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
          reject(new Error('timeout exceeded when trying to connect'))
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

  #lent(client: Client) {
    return {
      query: (config: Config, values?: unknown[]) => client.query(config, values),
      getTransactionStatus: () => client.getTransactionStatus(),
      end: () => client.end(),
      release: (destroy: boolean) => {
        if (destroy || client.isLost) {
          this.#open--
          if (!client.isLost) client.cut()
          if (this.#waiting.length > 0)
            this.#connect().then(
              (next) => this.#give(next),
              () => {},
            )
        } else this.#give(client)
      },
    }
  }

  #give(client: Client) {
    const next = this.#waiting.shift()
    if (next) next(client)
    else this.#idle.push(client)
  }
}
