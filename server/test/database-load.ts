/** Work without a pause on an app's database, with a journal of what was acknowledged. */
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { expect } from 'vitest'
import { withTransaction } from '../platform/db/transaction.ts'
import { toAppError } from '../platform/errors/app-error.ts'
import type { TestApp } from './app.ts'
import type { TestBrowser } from './browser.ts'
import type { PostgresServer } from './postgres-server.ts'

export class DatabaseLoad {
  readonly statuses = new Map<number, number>()
  readonly failures = new Map<string, number>()
  readonly acknowledged: number[] = []
  readonly #app: TestApp
  readonly #person: TestBrowser
  #written = 0
  #goodAt = 0

  private constructor(app: TestApp, person: TestBrowser) {
    this.#app = app
    this.#person = person
  }

  static async prepare(app: TestApp): Promise<DatabaseLoad> {
    await app.database.db.execute(sql`create table journal (n integer primary key, writer text not null)`)
    return new DatabaseLoad(app, await app.signIn())
  }

  get person(): TestBrowser {
    return this.#person
  }

  nextNumber(): number {
    return ++this.#written
  }

  /** One row in a transaction that also thinks in between. Its number, once it is acknowledged. */
  async write(): Promise<number> {
    const n = this.nextNumber()
    await withTransaction(this.#app.database.db, async (tx) => {
      await tx.execute(sql`insert into journal values (${n}, 'load')`)
      await delay(Math.random() * 5)
      await tx.execute(sql`update journal set writer = writer || '!' where n = ${n}`)
    })
    return n
  }

  /** Six workers, until the function that it returns is called. */
  start(): () => Promise<void> {
    let going = true
    const workers = [this.#ask, this.#ask, this.#ask, this.#journal, this.#journal, this.#journal].map(async (work) => {
      while (going) {
        await work()
        await delay(1)
      }
    })
    return async () => {
      going = false
      await Promise.all(workers)
    }
  }

  /** Milliseconds from `since` to the first success after it; undefined until there is one. */
  successAfter(since: number): number | undefined {
    return this.#goodAt > since ? this.#goodAt - since : undefined
  }

  expectOnlyOutages() {
    expect([...this.statuses.keys()].filter((status) => ![200, 401, 503].includes(status))).toEqual([])
    expect([...this.failures.keys()].filter((code) => !['DATABASE_UNAVAILABLE', 'SERVER_BUSY'].includes(code))).toEqual(
      [],
    )
  }

  async expectStored(server: PostgresServer) {
    const rows = await server.query((ask) => ask`select n from journal`)
    const stored = new Set(rows.map((row) => row.n))
    expect(this.acknowledged.filter((n) => !stored.has(n))).toEqual([])
  }

  readonly #ask = async () => {
    const answer = await (Math.random() < 0.5
      ? this.#person.get('/me')
      : this.#person.mutate('account.updateProfile', { displayName: `Name ${Math.random()}` }))
    this.statuses.set(answer.statusCode, (this.statuses.get(answer.statusCode) ?? 0) + 1)
    if (answer.statusCode === 200) this.#goodAt = performance.now()
    if (answer.statusCode === 503) expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  }

  readonly #journal = async () => {
    try {
      this.acknowledged.push(await this.write())
      this.#goodAt = performance.now()
    } catch (error) {
      const { code } = toAppError(error)
      this.failures.set(code, (this.failures.get(code) ?? 0) + 1)
    }
  }
}
