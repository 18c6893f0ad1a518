/**
 * Calls over HTTP, in two parts. First one that asks nothing of a database, by three servers with the same answers: a bare Fastify
 * route, tRPC's own Fastify adapter and Plinth's lean handler, with tRPC alone: our procedures' identity, limits, log and database
 * are in none of them. Then who is signed in, by the whole of Plinth over both its doors and by peers that do the same work on the
 * same database: from the cookie to the session, from the session to the person, and out as JSON.
 *
 * Each server is a process of its own in production mode. They take turns, and ratios are of neighbours in time: by the clock, and by
 * the server's own CPU time, which a busy machine changes less.
 *
 * node calls.ts
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { ask, reply, startServer } from './child.ts'
import { rounded } from './figures.ts'
import { OwnDatabase } from './own-database.ts'
import { PlinthProcess } from './plinth-process.ts'
import type { Used } from './probe.ts'
import { type Contestant, medianOf, type Round, ratios, type Schedule, takeTurns } from './turns.ts'

const connections = 32
/** So that indexes count. */
const people = 5000

const children: ChildProcess[] = []
const goals: Record<string, { 'by the clock': number; 'by CPU time': number; goal: string }> = {}
try {
  await compareHandlers({ rounds: 7, windowMs: 900, warmUpMs: 1500 })
  await compareMe({ rounds: 9, windowMs: 1000, warmUpMs: 3000 })
  console.log('\nHow many times as fast; medians of the rounds')
  console.table(goals)
} finally {
  await stopAll()
}

async function compareHandlers(schedule: Schedule): Promise<void> {
  const servers = {
    'bare route': await server('calls-server.ts', ['bare']),
    'lean handler': await server('calls-server.ts', ['lean']),
    "tRPC's adapter": await server('calls-server.ts', ['adapter']),
  }
  const input = JSON.stringify({ draftId: '0192f0c1-7c3a-7000-8000-0123456789ab', text: 'x'.repeat(200) })
  const requests = {
    'a query': requestOf('GET /trpc/profile'),
    'a mutation': requestOf('POST /trpc/echo', {}, input),
  }
  for (const [title, request] of Object.entries(requests)) {
    const asked = { requests: Array.from({ length: connections }, () => request), mark: '"result"' }
    const results = await takeTurns(
      {
        'bare route': { ...servers['bare route'], ...asked },
        'lean handler': { ...servers['lean handler'], ...asked },
        "tRPC's adapter": { ...servers["tRPC's adapter"], ...asked },
      },
      schedule,
    )
    print(`${title} without a database`, results, 'bare route', schedule)
    note(`lean handler of tRPC's adapter, ${title}`, ratios(results, 'lean handler', "tRPC's adapter"), '3')
    note(`lean handler of a bare route, ${title}`, ratios(results, 'lean handler', 'bare route'), '0.5')
  }
  await stopAll()
}

async function compareMe(schedule: Schedule): Promise<void> {
  const database = await OwnDatabase.create()
  let plinth: PlinthProcess | undefined
  try {
    // Migrates; what comes after finds the tables.
    plinth = await PlinthProcess.start(database.url)
    const { port } = plinth
    const used = () => (plinth as PlinthProcess).used()
    // Spread over the table, as whoever calls is.
    const callers = (await database.people(people)).filter((_, n) => n % Math.ceil(people / connections) === 0)
    const asked = (path: string) => callers.map(({ cookie }) => requestOf(`GET ${path}`, { cookie }))
    const peer = async (script: string, ...args: string[]): Promise<Contestant> => ({
      ...(await server(`peers/${script}`, [database.url, ...args])),
      requests: asked('/me'),
      mark: '"displayName":"Person ',
    })
    const betterAuth = async (cache: string): Promise<Contestant> => {
      const { cookies = [], ...rest } = await server('peers/better-auth.ts', [database.url, `${connections}`, cache])
      const requests = cookies.map((cookie) => requestOf('GET /api/auth/get-session', { cookie }))
      return { ...rest, requests, mark: '"name":"Person ' }
    }
    const contestants = {
      'bare Fastify, session and person': await peer('fastify-pg.ts', 'two'),
      'bare Fastify, both in one join': await peer('fastify-pg.ts', 'one'),
      'Fastify with its plugins': await peer('fastify-pg.ts', 'two', 'furnished'),
      'Plinth, tRPC': { port, used, requests: asked('/trpc/account.me'), mark: '"displayName":"Person ' },
      'Plinth, REST': { port, used, requests: asked('/me'), mark: '"displayName":"Person ' },
      'Express + pg, join': await peer('express-pg.ts'),
      'Hono + Drizzle, join': await peer('hono-drizzle.ts'),
      'Express + Prisma': await peer('express-prisma.ts'),
      'Better Auth, get-session': await betterAuth('uncached'),
      '… with its cookie cache': await betterAuth('cached'),
    }
    const results = await takeTurns(contestants, { ...schedule, database })
    print('who is signed in', results, 'bare Fastify, session and person', schedule)
    const me = 'Plinth, tRPC'
    note('account.me of a bare route with both queries', ratios(results, me, 'bare Fastify, session and person'), '1.1')
    note('account.me of Fastify with its plugins', ratios(results, me, 'Fastify with its plugins'), '')
    note('account.me of a bare route with one join', ratios(results, me, 'bare Fastify, both in one join'), '')
    note('account.me of Express + pg', ratios(results, me, 'Express + pg, join'), '')
    note('account.me of Hono + Drizzle', ratios(results, me, 'Hono + Drizzle, join'), '')
    note('account.me of Express + Prisma', ratios(results, me, 'Express + Prisma'), '3')
    note('account.me of Better Auth', ratios(results, me, 'Better Auth, get-session'), '8')
    note('account.me of Better Auth with its cookie cache', ratios(results, me, '… with its cookie cache'), '')
    note('the REST door of the tRPC door', ratios(results, 'Plinth, REST', me), '0.8')
  } finally {
    await plinth?.stop()
    await stopAll()
    await database.drop()
  }
}

async function stopAll(): Promise<void> {
  await Promise.all(
    children.splice(0).map(async (child) => {
      if (child.exitCode !== null) return
      const exited = once(child, 'exit')
      child.kill()
      await exited
    }),
  )
}

async function server(script: string, args: string[]) {
  const child = startServer(script, args)
  children.push(child)
  const told = await reply<{ port: number; cookies?: string[] }>(child)
  return { ...told, child, used: () => ask<Used>(child, { collect: false }) }
}

function requestOf(line: string, headers: Record<string, string> = {}, body = ''): Buffer {
  const content = body && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
  const sent = Object.entries({ host: 'localhost', accept: '*/*', ...headers, ...(content || {}) })
  return Buffer.from(`${line} HTTP/1.1\r\n${sent.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`)
}

function note(what: string, { byClock, byCpu }: ReturnType<typeof ratios>, goal: string): void {
  goals[what] = { 'by the clock': rounded(byClock, 2), 'by CPU time': rounded(byCpu, 2), goal }
}

function print<Name extends string>(
  title: string,
  results: Round<Name>[],
  bare: Name,
  { rounds, windowMs }: Schedule,
): void {
  const names = Object.keys(results[0] ?? {}) as Name[]
  const withDatabase = names.some((name) => !Number.isNaN(results[0]?.[name].databaseUs))
  console.log(`\n${title}, ${connections} connections, ${rounds} rounds of ${windowMs} ms; medians`)
  console.table(
    Object.fromEntries(
      names.map((name) => {
        const of = (value: 'perSecond' | 'cpuUs' | 'databaseUs' | 'generatorCores', digits = 0) =>
          rounded(
            medianOf(results, (round) => round[name][value]),
            digits,
          )
        const { byClock, byCpu } = ratios(results, name, bare)
        return [
          name,
          {
            'calls / s': of('perSecond'),
            'CPU us a call': of('cpuUs', 1),
            ...(withDatabase && { 'database us': of('databaseUs', 1) }),
            'of bare': rounded(byClock, 2),
            'of bare, by CPU': rounded(byCpu, 2),
            'generator, cores': of('generatorCores', 2),
          },
        ]
      }),
    ),
  )
}
