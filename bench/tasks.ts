/**
 * What a mutation costs with everything that Plinth promises of it: tasks.create, complete and delete over REST, each with an idempotency key,
 * its record in the audit log and its event, against a bare Fastify route that writes the same rows in one plain transaction and checks nothing.
 * Both are processes of their own on one database and take turns.
 *
 * node tasks.ts
 */
import { randomUUID } from 'node:crypto'
import { ask, reply, startServer } from './child.ts'
import { rounded } from './figures.ts'
import { OwnDatabase, type Person } from './own-database.ts'
import { PlinthProcess } from './plinth-process.ts'
import type { Used } from './probe.ts'
import { type Contestant, medianOf, ratios, takeTurns } from './turns.ts'

const connections = 16
const schedule = { rounds: 11, windowMs: 1000, warmUpMs: 4000 }
/** More than one connection deletes in a run. */
const tasksOfEach = 4000
const title = 'A task of the usual length'

type Action = 'create' | 'complete' | 'delete'

const database = await OwnDatabase.create()
const plinth = await PlinthProcess.start(database.url)
const peer = startServer('peers/tasks.ts', [database.url])
try {
  const { port } = await reply<{ port: number }>(peer)
  const people = await database.people(2 * connections)
  const [ours, theirs] = [people.slice(0, connections), people.slice(connections)]
  const taskIds = await seedTasks(people)
  const table: Record<string, object> = {}
  for (const action of ['create', 'complete', 'delete'] as const) {
    const requestsOf = (users: Person[]) =>
      users.map((user) => requests(action, user, taskIds.get(user.id) as string[]))
    const mark = action === 'delete' ? '204 No Content' : title
    const contestants: Record<'Plinth' | 'bare route', Contestant> = {
      Plinth: { port: plinth.port, requests: requestsOf(ours), mark, used: () => plinth.used() },
      'bare route': { port, requests: requestsOf(theirs), mark, used: () => ask<Used>(peer, { collect: false }) },
    }
    const results = await takeTurns(contestants, { ...schedule, database })
    const { byClock, byCpu } = ratios(results, 'Plinth', 'bare route')
    const of = (name: keyof typeof contestants, value: 'perSecond' | 'cpuUs' | 'databaseUs') =>
      rounded(medianOf(results, (round) => round[name][value]))
    table[`tasks.${action}`] = {
      'Plinth / s': of('Plinth', 'perSecond'),
      'bare / s': of('bare route', 'perSecond'),
      'of bare, by the clock': rounded(byClock, 2),
      'by CPU time': rounded(byCpu, 2),
      'CPU us': of('Plinth', 'cpuUs'),
      'CPU us, bare': of('bare route', 'cpuUs'),
      'database us': of('Plinth', 'databaseUs'),
      'database us, bare': of('bare route', 'databaseUs'),
    }
  }
  console.log(`\n${connections} in flight, ${schedule.rounds} rounds of ${schedule.windowMs} ms; medians of the rounds`)
  console.table(table)
} finally {
  peer.kill()
  await plinth.stop()
  await database.drop()
}

/** Those of each user; the first is the one to complete, the others are there to be deleted. */
async function seedTasks(people: Person[]): Promise<Map<string, string[]>> {
  const userIds = people.map(({ id }) => id)
  const rows = await database.query<{ id: string; user_id: string }>(
    `insert into tasks (id, user_id, title, rank)
     select gen_random_uuid(), user_id, $2, 'b' || lpad(n::text, 8, '0') || 'V' from unnest($1::uuid[]) user_id, generate_series(1, $3::int) n
     returning id, user_id`,
    [userIds, title, tasksOfEach],
  )
  await database.query('insert into task_lists (user_id, open_count) select unnest($1::uuid[]), $2', [
    userIds,
    tasksOfEach,
  ])
  await database.query('vacuum (analyze)')
  const ids = new Map<string, string[]>(userIds.map((id) => [id, []]))
  for (const { id, user_id } of rows) ids.get(user_id)?.push(id)
  return ids
}

/** Each with a key of its own. */
function requests(action: Action, { id, cookie }: Person, [own, ...others]: string[]): () => Buffer {
  const path = '/api/v1/tasks'
  let n = 0
  const next: Record<Action, () => [string, object?]> = {
    create: () => [`POST ${path}`, { title }],
    complete: () => [`POST ${path}/${own}/complete`, { completed: n++ % 2 === 0 }],
    delete() {
      const taskId = others[n++]
      if (!taskId) throw new Error('every task has been deleted')
      return [`DELETE ${path}/${taskId}`]
    },
  }
  return () => {
    const [line, body] = next[action]()
    const content = body ? JSON.stringify(body) : ''
    const headers = {
      host: 'localhost:8000',
      origin: 'http://localhost:8000',
      cookie,
      'x-user': id,
      'idempotency-key': randomUUID(),
      ...(body && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(content)) }),
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    return Buffer.from(`${line} HTTP/1.1\r\n${lines.join('')}\r\n${content}`)
  }
}
