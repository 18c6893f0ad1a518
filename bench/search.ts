/**
 * Searches among 10,000 tasks, 100,000 drifts and 10,000 messages, beside an ordinary page of a list: a rare text, one that all rows have,
 * one letter, and none. What a search costs the database, in ordinary calls, is what it counts as (`price`).
 *
 * The server is a process of its own in production mode; searches take turns under the same load.
 *
 * node search.ts
 */
import { rounded } from './figures.ts'
import { fill } from './list-rows.ts'
import { OwnDatabase } from './own-database.ts'
import { PlinthProcess } from './plinth-process.ts'
import { type Contestant, medianOf, takeTurns } from './turns.ts'

const connections = 4
const schedule = { rounds: 5, windowMs: 1000, warmUpMs: 1000 }
const sizes = { tasks: 10_000, drifts: 100_000, messages: 10_000 }

const database = await OwnDatabase.create()
try {
  const plinth = await PlinthProcess.start(database.url)
  try {
    const [person] = await database.people(1)
    if (!person) throw new Error('nobody was made')
    await fill(database, person, sizes)
    await database.query(`update tasks set title = 'Call customer ' || substr(rank, 2)::int || ' about the invoice'`)
    await database.query('vacuum (analyze)')
    const asking = (procedure: string, input: object): Contestant => {
      const path = `/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`
      const head = `GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\ncookie: ${person.cookie}\r\n\r\n`
      return {
        port: plinth.port,
        database,
        used: () => plinth.used(),
        requests: Array.from({ length: connections }, () => Buffer.from(head)),
        mark: '"items":[{',
      }
    }
    const results = await takeTurns(
      {
        'tasks.list, 20': asking('tasks.list', { limit: 20 }),
        'one task of all': asking('search', { text: 'customer 7351' }),
        'one drift of all': asking('search', { text: 'security web 73519' }),
        'a word of every task': asking('search', { text: 'invoice' }),
        'a word of every drift': asking('search', { text: 'security group' }),
        'one letter': asking('search', { text: 'a' }),
        'no text': asking('search', {}),
      },
      schedule,
    )
    const names = Object.keys(results[0] ?? {}) as (keyof (typeof results)[number])[]
    console.log(`\n${JSON.stringify(sizes)}, ${connections} connections, ${schedule.rounds} rounds; medians`)
    console.table(
      Object.fromEntries(
        names.map((name) => [
          name,
          {
            'p95 ms': rounded(
              medianOf(results, (round) => round[name].p95Ms),
              1,
            ),
            'per second': rounded(medianOf(results, (round) => round[name].perSecond)),
            'server us': rounded(
              medianOf(results, (round) => round[name].cpuUs),
              0,
            ),
            'database us': rounded(
              medianOf(results, (round) => round[name].databaseUs),
              0,
            ),
          },
        ]),
      ),
    )
  } finally {
    await plinth.stop()
  }
} finally {
  await database.drop()
}
