/** One process of the server: the product's hub, bus, queries and transactions, on simulated connections and sockets. */
import { EventEmitter } from 'node:events'
import { sql } from 'drizzle-orm'
import type { FastifyInstance } from 'fastify'
import type { WebSocket } from 'ws'
import { PlinthError } from '../../../client/errors.ts'
import type { Database } from '../../platform/db/database.ts'
import { rowsOf } from '../../platform/db/rows.ts'
import { withSnapshot, withTransaction } from '../../platform/db/transaction.ts'
import { toAppError } from '../../platform/errors/app-error.ts'
import { parseCursor } from '../../platform/live/channel-event.ts'
import { beginChannelsAnew, presentCursor, readCursor } from '../../platform/live/channel-store.ts'
import { followChannel, HandOver } from '../../platform/live/follow.ts'
import { HandOverSocket } from '../../platform/live/handover-socket.ts'
import { PlainForm } from '../../platform/live/plain-form.ts'
import { livePlugin } from '../../platform/live/plugin.ts'
import { type Poll, pollChannel } from '../../platform/live/poll.ts'
import { beginAnew, publish } from '../../platform/live/publish.ts'
import { forgetEvents } from '../../platform/live/retention.ts'
import { SocketSink } from '../../platform/live/socket-sink.ts'
import { noticesPlugin } from '../../platform/notices/plugin.ts'
import type { Checks } from './checks.ts'
import { Connections } from './database-client.ts'
import type { Stream } from './network.ts'
import type { Postgres } from './postgres.ts'
import type { Node } from './world.ts'

export interface Snapshot {
  cursor: string
  ids: string[]
}

export interface FollowRequest {
  channel: string
  lastEventId: string | undefined
  transport: 'websocket' | 'sse' | 'plain'
}

type Plugin = (app: FastifyInstance, options: object) => Promise<void>

const tooSlow = 1013
/** Bytes of an event stream that its reader has not read, in a Node stream and the socket under it. */
const streamBytes = 64 * 1024

export class Instance {
  readonly node: Node
  readonly connections: Connections
  readonly #checks: Checks
  readonly #app: FastifyInstance
  #isStarted = false

  constructor(postgres: Postgres, node: Node, lookEveryMs: number, checks: Checks) {
    this.node = node
    this.#checks = checks
    this.connections = new Connections(postgres, node)
    const nothing = () => {}
    const failed = (_fields: unknown, text: string) => checks.report('process', `${node.name} logged an error: ${text}`)
    const log = { debug: nothing, info: nothing, warn: nothing, error: failed }
    const app = { config: {}, database: this.connections.driver(), log, addHook: nothing }
    this.#app = Object.assign(app, {
      decorate: (name: string, value: unknown) => Object.assign(app, { [name]: value }),
    }) as unknown as FastifyInstance
    // Its timers are its own.
    postgres.world.in(0, node, () => void this.#start(lookEveryMs))
  }

  /** Of streams, when all have ended. */
  get sinks(): number {
    return this.#isStarted ? this.#app.live.sinks : 0
  }

  get #db(): Database {
    return this.#app.database.db
  }

  snapshot(channel: string, isList: boolean): Promise<Snapshot> {
    const rows = async (db: Database) =>
      rowsOf<{ id: string }>(await db.execute(sql`select id from things where channel = ${channel}`)).map(
        ({ id }) => id,
      )
    return this.#answer(() =>
      isList
        ? presentCursor(this.#db, channel).then(async (cursor) => ({ cursor, ids: await rows(this.#db) }))
        : withSnapshot(this.#db, async (tx) => ({ cursor: await readCursor(tx, channel), ids: await rows(tx) })),
    )
  }

  poll(channel: string, after: string): Promise<Poll<{ type: string; seq: number }>> {
    return this.#answer(() => pollChannel(this.#db, channel, after))
  }

  /** Once, however often: its id is the caller's. */
  addThing(id: string, channel: string, text = ''): Promise<{ id: string }> {
    return this.#answer(() =>
      withTransaction(this.#db, async (tx) => {
        await this.#insert(tx, id, channel, text)
        return { id }
      }),
    )
  }

  /** As appends that waited for one commit: all of them are published in one turn of the event loop. */
  addMany(ids: string[], channel: string, chars: number): Promise<void> {
    return this.#answer(() =>
      withTransaction(this.#db, async (tx) => {
        for (const id of ids) await this.#insert(tx, id, channel, 'x'.repeat(chars))
      }),
    )
  }

  restartNumbers(channel: string): Promise<void> {
    return this.#answer(() => withTransaction(this.#db, (tx) => beginAnew(tx, channel)))
  }

  restartEpochs(): Promise<void> {
    return this.#answer(() => withTransaction(this.#db, beginChannelsAnew))
  }

  forget(channel: string): Promise<void> {
    return this.#answer(() =>
      withTransaction(this.#db, async (tx) => {
        await forgetEvents(tx, channel)
        await publish(tx, channel, { type: 'forgotten', actorId: null })
      }),
    )
  }

  /** Until the stream ends. */
  async serve(stream: Stream, { channel, lastEventId, transport }: FollowRequest): Promise<void> {
    const left = new AbortController()
    stream.onServerClosed = () => left.abort()
    const handsOver = transport !== 'sse'
    const socket = new ServerSocket(stream, this.#checks) as unknown as WebSocket
    const send = sender(transport, socket, stream)
    try {
      const options = { lastEventId, handsOver, signal: left.signal, userId: null }
      for await (const message of followChannel(this.#app.live, channel, options)) {
        if (left.signal.aborted) return
        send(message)
        while (transport === 'sse' && stream.isOpen && stream.buffered > streamBytes)
          await new Promise((resolve) => setTimeout(resolve, 10))
      }
    } catch (error) {
      const { code } = this.#known(error)
      if (transport === 'plain') socket.close(tooSlow)
      else socket.send(JSON.stringify({ error: code }))
    }
  }

  async #start(lookEveryMs: number): Promise<void> {
    for (const plugin of [noticesPlugin, livePlugin] as unknown as Plugin[])
      await plugin(this.#app, { times: { lookEveryMs } })
    this.#isStarted = true
  }

  async #insert(tx: Database, id: string, channel: string, text: string): Promise<void> {
    const inserted = await tx.execute(
      sql`insert into things (id, channel) values (${id}, ${channel}) on conflict (id) do nothing returning id`,
    )
    if (rowsOf(inserted).length > 0) await publish(tx, channel, { type: 'thing.added', actorId: null, id, text })
  }

  async #answer<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw this.#known(error)
    }
  }

  /** As it leaves the process. */
  #known(error: unknown): PlinthError {
    const { code, message, retryAfterS } = toAppError(error)
    if (code === 'INTERNAL_ERROR') this.#checks.report('process', `${this.node.name}: ${error}`)
    return new PlinthError(code, message, [], null, retryAfterS ?? null)
  }
}

/** What becomes of each message that `followChannel` yields, as tRPC's adapters and the plain routes do it. */
function sender(transport: FollowRequest['transport'], socket: WebSocket, stream: Stream): (message: unknown) => void {
  const closed = () => socket.close(tooSlow)
  if (transport === 'plain') {
    const form = new PlainForm({})
    const sink = new SocketSink(socket, form)
    return (message) => {
      if (message instanceof HandOver) return void message.begin(sink).catch(closed)
      const cursor = parseCursor((message as [string])[0], '')
      if (cursor) sink.say(form.ready(cursor))
    }
  }
  const tracked = (message: unknown) => {
    const [id, data] = message as [string, unknown]
    return { id: 1, result: { type: 'data', data: { id, data }, id } }
  }
  if (transport === 'sse') return (message) => stream.toClient(JSON.stringify(tracked(message)))
  const handOver = new HandOverSocket(socket, { intake: () => {} }, closed)
  return (message) =>
    handOver.send(message instanceof HandOver ? { id: 1, result: { type: 'data', data: message } } : tracked(message))
}

/** What the product uses of ws. */
class ServerSocket extends EventEmitter {
  readonly OPEN = 1
  readonly #stream: Stream
  readonly #checks: Checks
  readonly _socket: { write(bytes: Buffer): void }

  constructor(stream: Stream, checks: Checks) {
    super()
    this.#stream = stream
    this.#checks = checks
    this._socket = { write: (bytes) => stream.toClient(bytes) }
  }

  get readyState() {
    return this.#stream.isOpen ? 1 : 3
  }

  get bufferedAmount() {
    return this.#stream.buffered
  }

  send(text: string) {
    this.#stream.toClient(text)
  }

  close(code: number, reason?: string) {
    if (reason === 'too slow') this.#checks.calledTooSlow(this.#stream)
    this.#stream.close(code)
  }

  terminate() {
    this.#stream.close()
  }
}
