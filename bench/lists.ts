/**
 * Pages of lists, short lists and long ones: the whole of Plinth over tRPC, and a bare Fastify route that sends the same statements to the
 * same tables. A page costs the same however long its list is, or this shows that it does not.
 *
 * Each server is a process of its own in production mode, one for each of two databases. They take turns under the same load, in which
 * each connection asks again when it has its answer; ratios are of neighbours in time.
 *
 * node lists.ts
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { ask, reply, startServer } from './child.ts'
import { rounded } from './figures.ts'
import { fill, type Page, pagesOf, type Sizes } from './list-rows.ts'
import { OwnDatabase } from './own-database.ts'
import { PlinthProcess } from './plinth-process.ts'
import type { Used } from './probe.ts'
import { type Contestant, medianOf, type Round, takeTurns } from './turns.ts'

const connections = 8
const schedule = { rounds: 5, windowMs: 500, warmUpMs: 1000 }
const sizes: Record<'short' | 'long', Sizes> = {
  short: { tasks: 100, drifts: 1_000, messages: 10_000 },
  long: { tasks: 10_000, drifts: 100_000, messages: 1_000_000 },
}

/** What is to be ended, the last first. */
const ends: (() => Promise<void>)[] = []
try {
  const short = await open(sizes.short)
  const long = await open(sizes.long)
  const rows: Record<string, ReturnType<typeof rowOf>> = {}
  for (const [at, name] of Object.keys(long.pages).entries()) {
    const results = await takeTurns(
      {
        short: short.plinth(short.pages[name] as Page),
        'short, bare': short.bare(at),
        long: long.plinth(long.pages[name] as Page),
        'long, bare': long.bare(at),
      },
      schedule,
    )
    rows[name] = rowOf(results)
  }
  console.log(
    `\nPages of 50, ${connections} connections, ${schedule.rounds} rounds of ${schedule.windowMs} ms; medians`,
  )
  for (const [size, { tasks, drifts, messages }] of Object.entries(sizes)) {
    console.log(`${size}: ${tasks} tasks of one person, ${drifts} drifts, ${messages} messages of one conversation`)
  }
  console.table(rows)
} finally {
  for (const end of ends.reverse()) await end()
}

type Names = 'short' | 'short, bare' | 'long' | 'long, bare'

function rowOf(results: readonly Round<Names>[]) {
  const of = (name: Names, figure: 'p95Ms' | 'databaseUs', digits: number) =>
    rounded(
      medianOf(results, (round) => round[name][figure]),
      digits,
    )
  const ratio = (name: Names, other: Names, figure: 'p95Ms' | 'cpuUs') =>
    rounded(
      medianOf(results, (round) => round[name][figure] / round[other][figure]),
      2,
    )
  return {
    'p95 ms: short': of('short', 'p95Ms', 1),
    long: of('long', 'p95Ms', 1),
    'long of short': ratio('long', 'short', 'p95Ms'),
    'of bare: short': ratio('short', 'short, bare', 'p95Ms'),
    'long ': ratio('long', 'long, bare', 'p95Ms'),
    'of bare by CPU: short': ratio('short', 'short, bare', 'cpuUs'),
    'long  ': ratio('long', 'long, bare', 'cpuUs'),
    'database us: short': of('short', 'databaseUs', 0),
    'long   ': of('long', 'databaseUs', 0),
    'long / s': rounded(medianOf(results, (round) => round.long.perSecond)),
  }
}

async function open(size: Sizes) {
  const database = await OwnDatabase.create()
  ends.push(() => database.drop())
  // Migrates; what comes after finds the tables.
  const plinth = await PlinthProcess.start(database.url)
  ends.push(() => plinth.stop())
  const [person] = await database.people(1)
  if (!person) throw new Error('nobody was made')
  const pages = await pagesOf(database, person, await fill(database, person, size), size)
  const child = startServer('peers/lists.ts', [database.url, JSON.stringify(Object.values(pages))])
  ends.push(() => ended(child))
  const { port } = await reply<{ port: number }>(child)
  return {
    pages,
    plinth: ({ procedure, input }: Page): Contestant => ({
      port: plinth.port,
      database,
      used: () => plinth.used(),
      ...asked(`/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`, person.cookie),
    }),
    bare: (at: number): Contestant => ({
      port,
      database,
      used: () => ask<Used>(child, { collect: false }),
      ...asked(`/${at}`),
    }),
  }
}

/** By each connection the same: what is measured is the page, and not who asks for it. */
function asked(path: string, cookie?: string) {
  const head = `GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\n${cookie ? `cookie: ${cookie}\r\n` : ''}\r\n`
  return { requests: Array.from({ length: connections }, () => Buffer.from(head)), mark: '"items":[{' }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exited = once(child, 'exit')
  child.kill()
  await exited
}
