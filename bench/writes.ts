/**
 * Events written per second: Plinth's append (position, segment, channel and event in one statement) against a bare INSERT of
 * the same segment through the same driver, prepared as well, with as many connections and calls in flight. The app runs whole
 * in this process, so that telling other instances is in the figure. A transaction of Drizzle's own is shown beside it.
 *
 * Ratios are taken within each round, of neighbours in time, and their median is shown: by the clock, and by CPU time of this process
 * and the database's, which a busy machine changes less.
 *
 * node writes.ts
 */
import Fastify, { type FastifyInstance } from 'fastify'
import pg from 'pg'
import { v7 } from 'uuid'
import { plinth, readConfig, serverOptions } from '../server/app.ts'
import { appendSegment } from '../server/features/drafts/append.ts'
import { renameDraft } from '../server/features/drafts/service.ts'
import { benchEnvironment } from './environment.ts'
import { median } from './figures.ts'
import { OwnDatabase, type Seeded } from './own-database.ts'

const rounds = 15
const windowMs = 700
const inFlight = 32
const connections = 10
const manyChannels = 64
/** Under what a draft may hold; then the next one. */
const perDraft = 4000
/** About the size of a paragraph. */
const text = 'x'.repeat(300)
/** What the audit log says of who asked. */
const origin = { ip: '127.0.0.1', requestId: 'bench' }

type Write = (draft: Seeded, n: number) => Promise<unknown>
interface Figures {
  perSecond: number
  /** Of this process and of the database's, for one write. */
  ownUs: number
  databaseUs: number
}

const database = await OwnDatabase.create()
const config = readConfig({
  ...benchEnvironment(database.url),
  LOG_LEVEL: 'error',
  DATABASE_POOL_MAX: String(connections),
})
const root = Fastify(serverOptions(config))
const pool = new pg.Pool({ connectionString: database.url, max: connections })
try {
  let inside: FastifyInstance | undefined
  await root.register(plinth, {
    config,
    page: async (scope) => {
      inside = scope
    },
  })
  await root.ready()
  const app = inside as FastifyInstance
  await app.database.whenMigrated
  const owners = await database.people(manyChannels)
  const actorOf = (draft: Seeded) => ({ id: draft.ownerId, role: 'user' as const, scopes: null, sessionId: v7() })

  const bare: Write = (draft, n) =>
    pool.query({
      name: 'bare',
      text: 'insert into draft_segments (id, draft_id, author_id, position, text) values ($1, $2, $3, $4, $5)',
      values: [v7(), draft.id, draft.ownerId, n, text],
    })
  const append: Write = (draft) =>
    appendSegment(app.database.db, actorOf(draft), { draftId: draft.id, segmentId: v7(), text }, origin)
  const transaction: Write = (draft, n) =>
    renameDraft(app.database.db, actorOf(draft), { draftId: draft.id, title: `Draft ${n}` })

  const contestants: { name: string; channels: number; write: Write; against: string }[] = [
    { name: 'bare INSERT, many', channels: manyChannels, write: bare, against: '' },
    { name: 'append, many channels', channels: manyChannels, write: append, against: 'bare INSERT, many' },
    { name: 'Drizzle transaction, many', channels: manyChannels, write: transaction, against: 'bare INSERT, many' },
    { name: 'bare INSERT, one', channels: 1, write: bare, against: '' },
    { name: 'append, one channel', channels: 1, write: append, against: 'bare INSERT, one' },
  ]
  const results = new Map<string, Figures[]>(contestants.map(({ name }) => [name, []]))
  // The first round warms everybody up and does not count.
  for (let round = 0; round <= rounds; round++) {
    for (const { name, channels, write } of contestants) {
      const drafts = await database.drafts(channels === 1 ? owners.slice(0, 8) : owners.slice(0, channels))
      const figures = await measure(drafts, channels, write)
      if (round > 0) results.get(name)?.push(figures)
    }
  }

  const of = (name: string) => results.get(name) ?? []
  console.log(`\n${inFlight} calls in flight on ${connections} connections; many channels are ${manyChannels}`)
  console.table(
    Object.fromEntries(
      contestants.map(({ name, against }) => {
        const ratio = (cost: (figures: Figures) => number) =>
          against &&
          `${medianOfKnown(of(name).map((figures, round) => cost(of(against)[round] as Figures) / cost(figures))).toFixed(2)} x`
        return [
          name,
          {
            'writes / s': Math.round(median(of(name).map(({ perSecond }) => perSecond))),
            'of bare INSERT': ratio(({ perSecond }) => 1 / perSecond),
            'by CPU time': ratio(({ ownUs, databaseUs }) => ownUs + databaseUs),
            'CPU here, µs': Math.round(median(of(name).map(({ ownUs }) => ownUs))),
            'database, µs': Math.round(medianOfKnown(of(name).map(({ databaseUs }) => databaseUs))),
          },
        ]
      }),
    ),
  )
} finally {
  await pool.end()
  await root.close()
  await database.drop()
}

/** Without the rounds of which the database's CPU time is not known. */
function medianOfKnown(values: number[]): number {
  return median(values.filter((value) => !Number.isNaN(value)))
}

async function measure(drafts: Seeded[], channels: number, write: Write): Promise<Figures> {
  const before = await database.cpu()
  const [cpu, began] = [process.cpuUsage(), performance.now()]
  let begun = 0
  let done = 0
  const worker = async () => {
    while (performance.now() - began < windowMs) {
      const n = begun++
      const draft = drafts[channels === 1 ? Math.floor(n / perDraft) : n % drafts.length]
      await write(draft as Seeded, n)
      done++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  const wallS = (performance.now() - began) / 1e3
  const { user, system } = process.cpuUsage(cpu)
  const databaseS = await database.cpuSince(before)
  return { perSecond: done / wallS, ownUs: (user + system) / done, databaseUs: (databaseS * 1e6) / done }
}
