/**
 * What an idle subscription costs the whole server: sockets with one drafts.onEvent each, every one with a person and a session of
 * its own, all on one draft, and each on a draft of its own. By what the process holds before and after they come, with as many
 * there already: what a server's first thousand sockets make V8 set aside for good is not theirs alone.
 *
 * node memory.ts [sockets]      default 1000
 */
import { setTimeout as delay } from 'node:timers/promises'
import { publicUrl } from './environment.ts'
import { mean, rounded } from './figures.ts'
import { openMarkedSocket } from './marked-socket.ts'
import { OwnDatabase, type Person } from './own-database.ts'
import { PlinthProcess } from './plinth-process.ts'

const sockets = Number(process.argv[2] ?? 1000)
const atOnce = 20
const rounds = 2
const settleMs = 1500

const shapes = ['all on one draft', 'a draft each'] as const
const results = new Map<string, { rss: number; heap: number }[]>()
for (let round = 0; round < rounds; round++) {
  for (const shape of shapes) results.set(shape, [...(results.get(shape) ?? []), await measure(shape)])
}
const kib = (shape: string, of: 'rss' | 'heap') => rounded(mean((results.get(shape) ?? []).map((used) => used[of])), 1)
console.log(`\n${sockets} idle sockets with one subscription each; KiB a subscription, means of ${rounds} runs`)
console.table(
  Object.fromEntries(
    shapes.map((shape) => [shape, { resident: kib(shape, 'rss'), 'heap and buffers': kib(shape, 'heap') }]),
  ),
)
process.exit()

async function measure(shape: (typeof shapes)[number]): Promise<{ rss: number; heap: number }> {
  const database = await OwnDatabase.create()
  let plinth: PlinthProcess | undefined
  try {
    plinth = await PlinthProcess.start(database.url)
    const people = await database.people(2 * sockets)
    const drafts =
      shape === 'a draft each' ? await database.drafts(people) : await database.drafts(people.slice(0, 1), people)
    const draftOf = (n: number) => drafts[n % drafts.length]?.id as string
    await follow(plinth, people.slice(0, sockets), draftOf)
    await delay(settleMs)
    const before = await plinth.used(true)
    await follow(plinth, people.slice(sockets), (n) => draftOf(sockets + n))
    await delay(settleMs)
    const after = await plinth.used(true)
    return { rss: (after.rss - before.rss) / 1024 / sockets, heap: (after.heap - before.heap) / 1024 / sockets }
  } finally {
    await plinth?.stop()
    await database.drop()
  }
}

/** Resolves when each has been told where its stream begins. */
async function follow(plinth: PlinthProcess, people: Person[], draftOf: (n: number) => string): Promise<void> {
  for (let from = 0; from < people.length; from += atOnce) {
    const some = people.slice(from, from + atOnce).map(({ cookie }, n) => {
      const input = { draftId: draftOf(from + n) }
      const hello = [JSON.stringify({ id: 1, method: 'subscription', params: { path: 'drafts.onEvent', input } })]
      const door = { port: plinth.port, path: '/trpc', headers: { cookie, origin: publicUrl }, hello }
      return openMarkedSocket(door, () => {}, '"ready"')
    })
    await Promise.all(some)
  }
}
