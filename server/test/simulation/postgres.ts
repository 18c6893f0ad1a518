/** The simulated database server: sessions, locks, crashes, and the state that it is set back to. */
import { type Result, statementOf } from './statements.ts'
import { SqlError, Tables, Transaction } from './tables.ts'
import type { Node, Task, World } from './world.ts'

const lockTimeoutMs = 5_000
/** The virtual clocks of the tables and of the programs begin here. */
const epochMs = Date.UTC(2026, 0, 15, 12)

export interface Session {
  transaction: Transaction | null
  /** As in ReadyForQuery: idle, in a transaction, in a failed one. */
  status: 'I' | 'T' | 'E'
  onNotice: ((payload: string) => void) | null
  isOpen: boolean
  /** The connection is lost. */
  onLost: () => void
  waiting: Task | null
  /** Statements that have arrived, in order; the first is being executed. */
  readonly queue: (() => void)[]
}

type Reply = (error: Error | null, result: Result) => void
interface Waiter {
  session: Session
  go: () => void
}

const nothing = (command: string): Result => ({ command, rows: [] })

/** What happens to notifications on their way. */
export interface BusFaults {
  lost: number
  doubled: number
  lateMs: number
}

export class Postgres {
  readonly world: World
  readonly tables = new Tables()
  node: Node
  bus: BusFaults = { lost: 0, doubled: 0, lateMs: 0 }
  /** Newest last: how to undo each commit. */
  readonly commits: (() => void)[] = []
  /** Each event that was ever committed, by its mark: what came before it, and where. */
  readonly history = new Map<string, { channel: string; seq: number; previousMark: string | null }>()
  /** Things that were committed, and lost. */
  readonly undone = new Set<string>()
  readonly #sessions = new Set<Session>()
  readonly #holders = new Map<string, Session>()
  readonly #waiters = new Map<string, Waiter[]>()
  #starts = 0

  constructor(world: World) {
    this.world = world
    this.node = world.node('postgres 1')
  }

  get isUp(): boolean {
    return this.node.isAlive
  }

  open(onLost: () => void): Session | null {
    if (!this.isUp) return null
    const session: Session = {
      transaction: null,
      status: 'I',
      onNotice: null,
      isOpen: true,
      onLost,
      waiting: null,
      queue: [],
    }
    this.#sessions.add(session)
    return session
  }

  close(session: Session) {
    session.isOpen = false
    this.#sessions.delete(session)
    this.#end(session)
  }

  /** As by kill -9 or a power cut: uncommitted changes are lost, and so are the last `lost` commits, as without fsync. */
  crash(lost = 0) {
    this.world.kill(this.node)
    for (const session of [...this.#sessions]) {
      this.close(session)
      session.onLost()
    }
    this.#holders.clear()
    this.#waiters.clear()
    const before = new Set(this.tables.things.keys())
    for (let n = 0; n < lost; n++) this.commits.pop()?.()
    for (const id of before) if (!this.tables.things.has(id)) this.undone.add(id)
  }

  start() {
    if (!this.isUp) this.node = this.world.node(`postgres ${++this.#starts + 1}`)
  }

  execute(session: Session, text: string, values: unknown[], reply: Reply) {
    const { queue } = session
    const next = () => {
      queue.shift()
      queue[0]?.()
    }
    queue.push(() =>
      this.#execute(session, text, values, (error, result) => {
        reply(error, result)
        next()
      }),
    )
    if (queue.length === 1) queue[0]?.()
  }

  #execute(session: Session, text: string, values: unknown[], reply: Reply) {
    if (!session.isOpen) return
    if (/^(begin|commit|rollback)\b/.test(text)) return reply(null, this.#control(session, text))
    if (text.startsWith('listen ')) {
      return reply(null, nothing('LISTEN'))
    }
    if (text === 'select pg_notify($1, $2)') {
      this.#notify(session, String(values[1]))
      return reply(null, nothing('SELECT'))
    }
    if (session.status === 'E') return reply(new SqlError('25P02', 'the transaction is aborted'), nothing(''))
    const statement = statementOf(text)
    if (!statement) throw new Error(`the simulation does not know the statement: ${text}`)
    const isOwn = session.transaction === null
    session.transaction ??= new Transaction(this.tables, false)
    const transaction = session.transaction
    const fail = (error: Error) => {
      this.#end(session)
      session.status = isOwn ? 'I' : 'E'
      reply(error, nothing(''))
    }
    const go = () => {
      if (!session.isOpen || session.transaction !== transaction) return
      for (const key of statement.locks?.(values, transaction) ?? []) if (!this.#lock(session, key, go, fail)) return
      try {
        const rows = statement.run(transaction, values, epochMs + this.world.now)
        if (isOwn) this.#commit(session)
        reply(null, { command: 'DONE', rows })
      } catch (error) {
        fail(error as Error)
      }
    }
    go()
  }

  /** A transaction of another session that holds a channel's row until the returned function is called. */
  hold(channel: string): () => void {
    const session = this.open(() => {})
    if (!session) return () => {}
    session.transaction = new Transaction(this.tables, false)
    session.status = 'T'
    this.#lock(
      session,
      `channel ${channel}`,
      () => {},
      () => {},
    )
    return () => this.close(session)
  }

  #control(session: Session, text: string): Result {
    if (text.startsWith('begin')) {
      session.transaction = new Transaction(this.tables, text.includes('repeatable read'))
      session.status = 'T'
      return nothing('BEGIN')
    }
    const isCommit = text === 'commit' && session.status === 'T'
    if (isCommit) this.#commit(session)
    else this.#end(session)
    session.status = 'I'
    return nothing(isCommit ? 'COMMIT' : 'ROLLBACK')
  }

  #commit(session: Session) {
    const { transaction } = session
    if (transaction?.hasWritten) {
      this.commits.push(transaction.apply())
      for (const channel of this.tables.channels.keys()) this.#record(channel)
    }
    this.#end(session)
  }

  #record(channel: string) {
    for (const event of this.tables.events.get(channel)?.toReversed() ?? []) {
      if (event.mark === null || this.history.has(event.mark)) return
      this.history.set(event.mark, event)
    }
  }

  /** Its uncommitted changes are lost, and its locks are free. */
  #end(session: Session) {
    if (session.waiting) session.waiting.isCancelled = true
    session.waiting = null
    const locks = session.transaction?.locks ?? []
    session.transaction = null
    for (const key of locks) this.#free(key)
  }

  #lock(session: Session, key: string, go: () => void, fail: (error: Error) => void): boolean {
    const holder = this.#holders.get(key)
    if (!holder || holder === session) {
      this.#holders.set(key, session)
      session.transaction?.locks.add(key)
      if (session.waiting) session.waiting.isCancelled = true
      session.waiting = null
      return true
    }
    const waiter = { session, go }
    this.#waiters.set(key, [...(this.#waiters.get(key) ?? []), waiter])
    session.waiting ??= this.world.in(lockTimeoutMs, this.node, () => {
      this.#waiters.set(
        key,
        (this.#waiters.get(key) ?? []).filter((other) => other !== waiter),
      )
      fail(new SqlError('55P03', 'canceling statement due to lock timeout'))
    })
    return false
  }

  #free(key: string) {
    this.#holders.delete(key)
    const [next, ...others] = (this.#waiters.get(key) ?? []).filter(({ session }) => session.isOpen)
    this.#waiters.set(key, others)
    if (!next) return
    // Its locks pass to those that wait already, before any later session.
    this.#holders.set(key, next.session)
    next.session.transaction?.locks.add(key)
    this.world.in(0, this.node, next.go)
  }

  #notify(from: Session, payload: string) {
    const { random } = this.node
    for (const session of this.#sessions) {
      if (!session.onNotice || session === from) continue
      const copies = random.chance(this.bus.lost) ? 0 : random.chance(this.bus.doubled) ? 2 : 1
      for (let n = 0; n < copies; n++) {
        const late = random.chance(0.5) ? random.between(0, this.bus.lateMs) : 0
        this.world.in(late, this.node, () => session.isOpen && session.onNotice?.(payload))
      }
    }
  }
}
