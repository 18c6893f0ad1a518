/**
 * What postgres.js costs as `server/platform/db` uses it (decision 035), against node-postgres with its own pool: the same prepared queries
 * and the same transaction, built by drizzle, on as many connections of one Postgres. Both run in this process and take turns in each round.
 *
 * node driver.ts
 */
import { eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { pino } from 'pino'
import { v7 } from 'uuid'
import { readConfig } from '../server/app.ts'
import { type Database, openDatabase } from '../server/platform/db/database.ts'
import { withTransaction } from '../server/platform/db/transaction.ts'
import { benchEnvironment } from './environment.ts'
import { median, rounded } from './figures.ts'
import { OwnDatabase } from './own-database.ts'

const rounds = 15
const windowMs = 500
const connections = 10
const rows = 10_000

const items = pgTable('bench_items', {
  id: integer('id').primaryKey(),
  title: text('title').notNull(),
  n: integer('n').notNull(),
})
const notes = pgTable('bench_notes', {
  id: uuid('id').primaryKey(),
  item: integer('item').notNull(),
  text: text('text').notNull(),
})

type Work = (n: number) => Promise<unknown>
interface Figures {
  perSecond: number
  /** Of this process, for one call. */
  cpuUs: number
}

function worksOf(db: Database): Record<string, Work> {
  const id = sql.placeholder('id')
  const select = db.select().from(items).where(eq(items.id, id)).prepare('bench_select')
  const insert = db
    .insert(notes)
    .values({ id, item: sql.placeholder('item'), text: sql.placeholder('text') })
    .prepare('bench_insert')
  const update = db
    .update(items)
    .set({ n: sql`${items.n} + 1` })
    .where(eq(items.id, id))
    .returning()
    .prepare('bench_update')
  const itemOf = (n: number) => 1 + ((n * 7919) % rows)
  const text = 'x'.repeat(300)
  return {
    'prepared select': (n) => select.execute({ id: itemOf(n) }),
    'prepared insert': (n) => insert.execute({ id: v7(), item: itemOf(n), text }),
    'write in one statement': (n) => update.execute({ id: itemOf(n) }),
    transaction: (n) =>
      withTransaction(db, async (tx) => {
        const [item] = await tx
          .select()
          .from(items)
          .where(eq(items.id, itemOf(n)))
          .for('update')
        await tx.insert(notes).values({ id: v7(), item: itemOf(n), text })
        await tx
          .update(items)
          .set({ n: (item?.n ?? 0) + 1 })
          .where(eq(items.id, itemOf(n)))
      }),
  }
}

const own = await OwnDatabase.create()
const pool = new pg.Pool({ connectionString: own.url, max: connections, idleTimeoutMillis: 0 }).on('error', () => {})
const { database } = readConfig({ ...benchEnvironment(own.url), DATABASE_POOL_MAX: String(connections) })
const driver = await openDatabase(database, pino({ level: 'silent' }))
try {
  await own.query('create table bench_items (id integer primary key, title text not null, n integer not null)')
  await own.query('create table bench_notes (id uuid primary key, item integer not null, text text not null)')
  await own.query(
    `insert into bench_items select n, 'A title of the usual length', 0 from generate_series(1, ${rows}) n`,
  )
  await own.query('vacuum (analyze)')
  const ours = worksOf(driver.db)
  const peers = worksOf(drizzle(pool) as unknown as Database)
  const table: Record<string, object> = {}
  for (const inFlight of [16, 64]) {
    for (const name of Object.keys(ours)) {
      const contestants = { ours: ours[name] as Work, peer: peers[name] as Work }
      const results: { ours: Figures; peer: Figures }[] = []
      // The first round warms both up and does not count.
      for (let round = 0; round <= rounds; round++) {
        const order = round % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)
        const figures = {} as { ours: Figures; peer: Figures }
        for (const who of order) figures[who] = await measure(contestants[who], inFlight)
        if (round > 0) results.push(figures)
      }
      const of = (value: (figures: (typeof results)[number]) => number) => median(results.map(value))
      table[`${name}, ${inFlight} in flight`] = {
        'postgres.js / s': rounded(of(({ ours }) => ours.perSecond)),
        'pg / s': rounded(of(({ peer }) => peer.perSecond)),
        'of pg, by the clock': rounded(
          of(({ ours, peer }) => ours.perSecond / peer.perSecond),
          2,
        ),
        'by CPU time': rounded(
          of(({ ours, peer }) => peer.cpuUs / ours.cpuUs),
          2,
        ),
      }
    }
  }
  console.log(`\n${connections} connections, ${rounds} rounds of ${windowMs} ms; medians of the rounds`)
  console.table(table)
} finally {
  await driver.close()
  await pool.end()
  await own.drop()
}

async function measure(work: Work, inFlight: number): Promise<Figures> {
  const [cpu, began] = [process.cpuUsage(), performance.now()]
  let begun = 0
  const worker = async () => {
    while (performance.now() - began < windowMs) await work(begun++)
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  const tookS = (performance.now() - began) / 1e3
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: begun / tookS, cpuUs: (user + system) / begun }
}
