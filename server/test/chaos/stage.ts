/** All that a run needs: the database, the servers, the people with their drafts, and the programs that write and read. */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createPlinth } from '../../../client/plinth.ts'
import { clientId, clientSecret, startOpenIdProvider } from '../openid-provider.ts'
import { PostgresServer } from '../postgres-server.ts'
import { RedisServer } from '../redis-server.ts'
import { until } from '../until.ts'
import type { SetBack } from './checker.ts'
import { Instance } from './instance.ts'
import { Journal, now, type WriteEntry } from './journal.ts'
import { type OpenIdProvider, type Person, publicUrl, signIn } from './people.ts'
import { PostgresProxy } from './postgres-proxy.ts'
import { Random } from './random.ts'
import type { ChaosDatabase } from './schedule.ts'
import type { Positions, ReadWay, SubscriberOrder, SubscriberTask } from './subscriber.ts'
import type { WriterTask } from './writer.ts'

export interface Cast {
  instances: number
  writers: number
  drafts: number
  readers: { way: ReadWay; instance: number }[]
  pauseMs: number
}

const writersEndWithinMs = 60_000
const positionsWithinMs = 10_000

export class Stage {
  readonly folder: string
  readonly postgres: PostgresServer | null
  readonly redis: RedisServer | null
  readonly instances: Instance[] = []
  readonly troubles: string[] = []
  /** Writes so far. */
  acknowledged = 0
  readonly #journal: Journal<WriteEntry>
  #provider: OpenIdProvider | null = null
  #random = new Random(0)
  readonly #writers: ChildProcess[] = []
  readonly #readers: { child: ChildProcess; way: ReadWay; name: string }[] = []
  #drafts: { id: string; owner: Person }[] = []
  /** Faults of Postgres take turns, and those of Redis. */
  #postgresTurn: Promise<unknown> = Promise.resolve()
  #redisTurn: Promise<unknown> = Promise.resolve()
  #closing = false

  private constructor(folder: string, postgres: PostgresServer | null, redis: RedisServer | null) {
    this.folder = folder
    this.postgres = postgres
    this.redis = redis
    this.#journal = new Journal<WriteEntry>(join(folder, 'stage.jsonl'))
  }

  /** With its database, and nothing else yet. To be closed whatever comes. */
  static async make(folder: string, database: ChaosDatabase): Promise<Stage> {
    const redis = database === 'redis' ? await RedisServer.create() : null
    return new Stage(folder, database === 'embedded' ? null : await PostgresServer.create(), redis)
  }

  /** Everything is going when it resolves. */
  async open(cast: Cast, random: Random): Promise<void> {
    const provider = await startOpenIdProvider()
    this.#provider = provider
    this.#random = new Random(random.between(0, 2 ** 31))
    const secret = () => randomBytes(48).toString('base64')
    const environment = {
      NODE_ENV: 'test',
      PORT: '0',
      PUBLIC_URL: publicUrl,
      DATABASE_URL: `pglite://${this.databaseFolder}`,
      GOOGLE_CLIENT_ID: clientId,
      GOOGLE_CLIENT_SECRET: clientSecret,
      GOOGLE_ISSUER: provider.issuer,
      COOKIE_SECRET: secret(),
      JWT_ACCESS_SECRET: secret(),
      JWT_REFRESH_SECRET: secret(),
      RATE_LIMIT_ANONYMOUS: '1000000',
      RATE_LIMIT_SIGN_IN: '1000000',
      RATE_LIMIT_SIGNED_IN: '1000000',
      RATE_LIMIT_SOCKETS_PER_PERSON: '1000000',
      RATE_LIMIT_SOCKETS_PER_ADDRESS: '1000000',
    }
    let proxy: PostgresProxy | null = null
    for (let n = 1; n <= cast.instances; n++) {
      const own: Record<string, string> = { ...environment }
      if (this.postgres) {
        // Instances find each other in Redis by the address of their database, so there they share the proxy.
        if (!proxy || !this.redis) {
          proxy = new PostgresProxy(random)
          await proxy.listen()
          proxy.target = this.postgres.port
        }
        own.DATABASE_URL = `postgres://postgres@127.0.0.1:${proxy.port}/postgres`
        if (this.redis) own.REDIS_URL = this.redis.url()
      }
      this.instances.push(new Instance(`server-${n}`, own, proxy, this.folder))
    }
    await Promise.all(this.instances.map((instance) => instance.open()))
    await this.#begin(cast, random, provider)
  }

  get databaseFolder(): string {
    return join(this.folder, 'db')
  }

  /** As `pg_ctl stop -m immediate`, and back after `downMs`. */
  restartPostgres(downMs: number): Promise<void> {
    return this.#withPostgres(async (postgres) => {
      await postgres.stopImmediately()
      await delay(downMs)
      await postgres.start()
    })
  }

  freezePostgres(ms: number): Promise<void> {
    return this.#withPostgres((postgres) => postgres.freeze(ms))
  }

  #withPostgres(work: (postgres: PostgresServer) => Promise<void>): Promise<void> {
    const done = this.#postgresTurn.then(() => this.postgres && work(this.postgres))
    this.#postgresTurn = done.catch(() => {})
    return done.then(() => {})
  }

  restartRedis(downMs: number): Promise<void> {
    return this.#withRedis(async (redis) => {
      await redis.stop()
      await delay(downMs)
      await redis.start()
    })
  }

  freezeRedis(ms: number): Promise<void> {
    return this.#withRedis((redis) => redis.freeze(ms))
  }

  #withRedis(work: (redis: RedisServer) => Promise<void>): Promise<void> {
    const done = this.#redisTurn.then(() => this.redis && work(this.redis))
    this.#redisTurn = done.catch(() => {})
    return done.then(() => {})
  }

  /** Holds the row of one draft's channel for `ms`. How many rows it held; none while Postgres is away. */
  async lockChannel(ms: number): Promise<number> {
    const { id } = this.#random.pick(this.#drafts)
    const rows = await this.postgres
      ?.query(
        (sql) => sql`
          with held as materialized (select id from channels where id = ${`draft:${id}`} for update)
          select pg_sleep(${ms / 1000}) from held`,
      )
      .catch(() => [])
    return rows?.length ?? 0
  }

  /**
   * The database as it is now comes back after more was written, read and lost: an older copy of the folder, or a replica that lagged and
   * is promoted under running servers. Readers are away until it has been written past the old heads.
   */
  async setBack(): Promise<SetBack> {
    const saved = `${this.databaseFolder}.saved`
    if (this.postgres) await this.postgres.save()
    else await this.#whileDown(() => cp(this.databaseFolder, saved, { recursive: true }))
    const savedAt = now()
    await this.#rename('lost', 4, null)
    await until('every reader has received what will be lost', async () => this.#areUpToDate())
    for (const { clients } of this.instances) {
      clients.refusing = true
      clients.cut()
    }
    if (this.postgres) await this.postgres.setBack()
    else {
      await this.#whileDown(async () => {
        await rm(this.databaseFolder, { recursive: true })
        await rename(saved, this.databaseFolder)
      })
    }
    const returnedAt = now()
    await this.#rename('anew', 7, this.#journal)
    for (const { clients } of this.instances) clients.refusing = false
    await this.#rename('next', 2, this.#journal)
    return { savedAt, returnedAt }
  }

  async #whileDown(work: () => Promise<void>) {
    await Promise.all(this.instances.map((instance) => instance.end('SIGTERM')))
    await work()
    await Promise.all(this.instances.map((instance) => instance.start()))
  }

  async #areUpToDate() {
    const [slowest, heads] = [await this.slowestPositions(), await this.heads()]
    return [...heads].every(([id, head]) => slowest.get(id) === head)
  }

  /** Each draft, past the proxies. */
  async #rename(what: string, times: number, journal: Journal<WriteEntry> | null) {
    const [{ clients }] = this.instances as [Instance]
    const url = `http://127.0.0.1:${clients.target}`
    await until('a server is ready', async () => (await fetch(`${url}/readyz`)).ok)
    for (const { id: draftId, owner } of this.#drafts) {
      const plinth = createPlinth({ url, headers: owner.headers })
      for (let n = 1; n <= times; n++) {
        const key = `${what} ${n} of ${draftId}`
        journal?.note({ key, step: 'intent', kind: 'rename', draftId, actorId: owner.id, what: key })
        await plinth.drafts.rename.mutate({ draftId, title: key })
        journal?.note({ key, step: 'acknowledged' })
      }
      plinth.close()
    }
  }

  /** About half of the backends of that name. How many; none while Postgres is away. */
  async terminate(name: string): Promise<number> {
    const rows = await this.postgres
      ?.query(
        (sql) => sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = ${name} and (random() < 0.5 or ${name !== 'plinth'})`,
      )
      .catch(() => [])
    return rows?.length ?? 0
  }

  pauseSlowReaders(ms: number): void {
    for (const { child, way } of this.#readers) if (way === 'slow') order(child, { order: 'pause', ms })
  }

  /** Everything passes again, and writers end when what they began has an answer. */
  async settle(): Promise<void> {
    for (const { clients, database } of this.instances) {
      clients.disarm()
      clients.refusing = false
      database?.disarm()
      if (database) database.notices = 'pass'
    }
    for (const { child } of this.#readers) order(child, { order: 'settle' })
    const ends = this.#writers.map(async (child, at) => {
      if (child.exitCode !== null) return
      const ended = once(child, 'exit')
      child.send('stop')
      await Promise.race([ended, delay(writersEndWithinMs, null, { ref: false })])
      if (child.exitCode === null) this.troubles.push(`writer-${at + 1} has calls that nobody answers`)
    })
    await Promise.all(ends)
  }

  /** The number at which the furthest behind of a draft's feeds stands; -1 while one has nothing. */
  async slowestPositions(): Promise<Map<string, number>> {
    const slowest = new Map<string, number>()
    const all = await Promise.all(
      this.#readers.map(async ({ child }) => {
        if (child.exitCode !== null) return []
        const answered = once(child, 'message', { signal: AbortSignal.timeout(positionsWithinMs) })
        order(child, { order: 'positions' })
        const [positions] = (await answered) as [Positions]
        return positions
      }),
    )
    for (const [draftId, seq] of all.flat()) slowest.set(draftId, Math.min(slowest.get(draftId) ?? seq, seq))
    return slowest
  }

  /** As a server tells them: the embedded database is nobody else's to ask. */
  async heads(): Promise<Map<string, number>> {
    const heads = new Map<string, number>()
    for (const { id, owner } of this.#drafts) {
      const [{ url }] = this.instances as [Instance]
      const plinth = createPlinth({ url, headers: owner.headers })
      const { cursor } = await plinth.drafts.get.query({ draftId: id })
      heads.set(id, Number(cursor.split(':')[1]))
      plinth.close()
    }
    return heads
  }

  async close(): Promise<void> {
    this.#closing = true
    for (const child of [...this.#writers, ...this.#readers.map(({ child }) => child)]) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
    for (const instance of this.instances) await instance.close()
    await this.#provider?.close()
  }

  async #begin(cast: Cast, random: Random, provider: OpenIdProvider) {
    const [{ url }] = this.instances as [Instance]
    const sign = (name: string) => signIn(url, provider, name)
    const writers: Person[] = []
    for (let n = 1; n <= cast.writers; n++) writers.push(await sign(`writer-${n}`))
    const readers = await Promise.all(cast.readers.map((_, n) => sign(`reader-${n + 1}`)))
    const bystander = await sign('bystander')
    const journal = this.#journal
    for (let n = 0; n < cast.drafts; n++) {
      const owner = writers[n % writers.length] as Person
      const plinth = createPlinth({ url, headers: owner.headers })
      const { id } = await plinth.drafts.create.mutate({ title: `Draft ${n + 1}` })
      for (const person of [...writers, ...readers]) {
        if (person === owner) continue
        const key = `${id} ${person.id}`
        journal.note({ key, step: 'intent', kind: 'add', draftId: id, actorId: owner.id, what: person.id })
        await plinth.drafts.addCollaborator.mutate({ draftId: id, person: person.id })
        journal.note({ key, step: 'acknowledged' })
      }
      this.#drafts.push({ id, owner })
      plinth.close()
    }
    const drafts = this.#drafts.map(({ id, owner }) => ({ id, ownerId: owner.id }))
    for (const [n, { way, instance }] of cast.readers.entries()) {
      const name = `reader-${n + 1}-${way}@${instance + 1}`
      const child = this.#program<SubscriberTask>('subscriber.ts', name, {
        seed: random.between(0, 2 ** 31),
        name,
        journal: join(this.folder, `${name}.jsonl`),
        url: (this.instances[instance] as Instance).url,
        way,
        person: readers[n] as Person,
        draftIds: drafts.map(({ id }) => id),
      })
      this.#readers.push({ child, way, name })
    }
    for (const [n, person] of writers.entries()) {
      const child = this.#program<WriterTask>('writer.ts', `writer-${n + 1}`, {
        seed: random.between(0, 2 ** 31),
        journal: join(this.folder, `writer-${n + 1}.jsonl`),
        urls: this.instances.map((instance) => instance.url),
        person,
        writers: writers.map(({ id }) => id),
        drafts,
        bystanderId: bystander.id,
        pauseMs: cast.pauseMs,
      })
      child.on('message', () => this.acknowledged++)
      this.#writers.push(child)
    }
    await until(
      'every reader has its snapshots',
      async () => ![...(await this.slowestPositions()).values()].includes(-1),
    )
  }

  #program<Task>(script: string, name: string, task: Task): ChildProcess {
    const child = fork(join(import.meta.dirname, script), [JSON.stringify(task)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let said = ''
    child.stderr?.on('data', (text) => {
      said += text
    })
    child.once('exit', (code, signal) => {
      if (code !== 0 && !this.#closing) this.troubles.push(`${name} ended with ${code ?? signal}: ${said.slice(-800)}`)
    })
    return child
  }
}

function order(child: ChildProcess, what: SubscriberOrder) {
  if (child.connected) child.send(what)
}
