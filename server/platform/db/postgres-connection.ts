/**
 * One connection to Postgres, by a postgres.js client that makes one and no second.
 *
 * postgres.js does the protocol: connecting, authentication, TLS, prepared statements, parsing of rows. Its pool, `begin`, `reserve` and
 * `listen` are not used. A connection that is lost in them ends the process (its issue 1208), sends COMMIT over another connection (1216)
 * or never fails (1219). Ours are the end of a connection, the bound on each response, and the text form of parameters.
 *
 * Three options are not in its types (`socket`, `onnotify`, `no_subscribe`), and `parameters` of a query is not documented. So its version
 * is pinned, and the tests of lost and silent connections have to pass before another one is taken.
 */
import { connect } from 'node:net'
import postgres from 'postgres'
import { AppError } from '../errors/app-error.ts'
import { addressOf } from './postgres-address.ts'

export interface Statement {
  text: string
  values?: readonly unknown[] | undefined
  /** Under a name on this connection, so that Postgres parses and plans it once. */
  prepare?: boolean | undefined
  /** Each row as the array of its values, in place of an object. Read once the code that sends the statement has run. */
  asArrays?: boolean | undefined
}

/** `command` is the tag with which Postgres completes a statement, such as `INSERT` or `COMMIT`. */
export type Rows = unknown[] & { command: string }

export interface ConnectionSettings {
  /** Of the session, set as it begins. */
  session: Record<string, string | number>
  connectMs: number
  /** A statement that is not answered within it has lost the connection; null for no bound. */
  answerMs: number | null
  onNotice?: (payload: string) => void
  /** `isSilent`: the other side did not answer in time, as when packets are dropped. Other connections may be lost as well then. */
  onLost?: (isSilent: boolean) => void
}

/** More than the product has. A prepared statement uses memory of both sides as long as the connection lives. */
export const maxPrepared = 500

/** Idle time after which the system probes whether the other side is still there. */
const keepAliveMs = 5_000

export class PostgresConnection {
  readonly openedAt = performance.now()
  readonly #answerMs: number | null
  readonly #onLost: (isSilent: boolean) => void
  readonly #sql: postgres.Sql
  readonly #pending = new Set<(error: unknown) => void>()
  readonly #prepared = new Set<string>()
  #socket: ReturnType<typeof connect> | undefined
  #lost: AppError | null = null

  /**
   * Connects with the first statement.
   * @throws where `url` names a file that cannot be read
   */
  constructor(url: string, { session, connectMs, answerMs, onNotice, onLost = () => {} }: ConnectionSettings) {
    this.#answerMs = answerMs
    this.#onLost = onLost
    const { host, port, path, user, password, database, ssl, options } = addressOf(url)
    const settings = {
      host: [host],
      port: [port],
      user,
      password,
      database,
      ssl,
      connection: { ...session, ...(options !== null && { options }) },
      connect_timeout: connectMs / 1000,
      max: 1,
      // Both would connect again.
      idle_timeout: null,
      max_lifetime: null,
      keep_alive: null,
      // A query at each connect whose failure nothing catches, for arrays. Drizzle parses those of its columns.
      fetch_types: false,
      no_subscribe: true,
      prepare: true,
      types,
      onnotice: () => {},
      onnotify: (_channel: string, payload: string) => onNotice?.(payload),
      onclose: () => this.#lose(new Error('the connection was closed')),
      // The one place where postgres.js opens a connection, which it also does after a loss.
      socket: () => {
        if (this.#socket || this.#lost) throw this.#lost ?? new Error('the connection was closed')
        const life = { keepAlive: true, keepAliveInitialDelay: keepAliveMs }
        this.#socket = connect(path === null ? { host, port, noDelay: true, ...life } : { path })
        // It reads the host for TLS from the socket.
        return Object.assign(this.#socket, { host })
      },
    }
    this.#sql = postgres(settings as unknown as postgres.Options<Record<string, never>>)
  }

  get isLost(): boolean {
    return this.#lost !== null
  }

  /**
   * Statements are executed in the order of the calls; a later one need not wait for the earlier.
   * @throws what Postgres reports, as it reports it; DATABASE_UNAVAILABLE when the connection is lost, with whatever was in flight
   */
  query(statement: Statement): Promise<Rows> {
    const { text, values = [], prepare = false } = statement
    return new Promise((resolve, reject) => {
      if (this.#lost) return reject(this.#lost)
      const parameters = values.map(toText)
      const silent = () => this.#lose(new Error('Postgres did not answer in time'), true)
      const timer = this.#answerMs === null ? undefined : setTimeout(silent, this.#answerMs)
      const settle = () => {
        clearTimeout(timer)
        this.#pending.delete(fail)
      }
      const fail = (error: unknown) => {
        settle()
        reject(error)
      }
      this.#pending.add(fail)
      const isPrepared = prepare && this.#mayPrepare(text)
      const query = this.#sql.unsafe(text, [], {
        prepare: isPrepared,
        // Several statements in one text are possible only in the simple protocol, which has no parameters.
        simple: parameters.length === 0 && !isPrepared,
      } as postgres.UnsafeQueryOptions)
      // Given as arguments, they would make postgres.js request their types first: a round trip.
      Object.assign(query, { parameters })
      queueMicrotask(() => statement.asArrays && query.values())
      query.then(
        (result) => {
          settle()
          resolve(result as Rows)
        },
        (error) => {
          // Only Postgres's own ERROR leaves a connection that can be used; FATAL and the failures of sockets do not.
          if (error instanceof postgres.PostgresError && error.severity === 'ERROR') fail(error)
          else this.#lose(error)
        },
      )
    })
  }

  /** Whatever is in flight fails. */
  close(): void {
    this.#lose(new Error('the connection was closed here'))
  }

  /** The later ones of too many run unprepared. */
  #mayPrepare(text: string): boolean {
    if (this.#prepared.size < maxPrepared) this.#prepared.add(text)
    return this.#prepared.has(text)
  }

  /** Nothing is sent afterwards. postgres.js settles not every statement that a loss interrupts, so all are rejected here. */
  #lose(cause: unknown, isSilent = false): void {
    if (this.#lost) return
    this.#lost = new AppError('DATABASE_UNAVAILABLE', { cause })
    for (const fail of this.#pending) fail(this.#lost)
    this.#socket?.destroy()
    this.#onLost(isSilent)
  }
}

const asIs = (text: string) => text

/** Parameters are text already. Dates remain text, which drizzle parses by the type of its column. */
const types = {
  boolean: { to: 16, from: [16], serialize: asIs, parse: (text: string) => text === 't' },
  bytes: { to: 17, from: [17], serialize: asIs, parse: (text: string) => Buffer.from(text.slice(2), 'hex') },
  json: { to: 3802, from: [114, 3802], serialize: asIs, parse: (text: string) => JSON.parse(text) },
  dates: { to: 1184, from: [1082, 1114, 1184], serialize: asIs, parse: asIs },
}

/** As libpq sends a value: text, whose type Postgres infers from the statement. */
function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return `{${value.map(toElement).join()}}`
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function toElement(value: unknown): string | null {
  const text = toText(value)
  if (text === null || Array.isArray(value)) return text ?? 'NULL'
  return `"${text.replaceAll(/[\\"]/g, '\\$&')}"`
}
