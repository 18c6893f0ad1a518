/** A thousand sockets that are cut in one moment, and all come back: by themselves, soon, and at little cost. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism, loadavg } from 'node:os'
import type { Duplex } from 'node:stream'
import { afterAll, expect, it, vi } from 'vitest'
import { buildTestApp, publicUrl, type TestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { draftOf, signedIn } from '../../test/followers.ts'
import type { Follower, Standing } from '../../test/herd-child.ts'
import { memory } from '../../test/memory.ts'
import { programPath } from '../../test/server-process.ts'
import { until } from '../../test/until.ts'
import { PostgresConnection } from '../db/postgres-connection.ts'

const channels = 10
const peopleOfEach = 5
const socketsOfEach = 20
const all = channels * peopleOfEach * socketsOfEach
/** Fewer than one page of a channel, and enough that all sockets have their part of them waiting at once. */
const missed = 100
/** How many connect at once at first. */
const together = 50

const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = { DATABASE_URL: database.url, TRUST_PROXY: '127.0.0.0/8' }
const [first, second] = [await buildTestApp({ environment }), await buildTestApp({ environment })]

const child: ChildProcess = fork(programPath('herd-child'), {
  env: { PATH: process.env.PATH },
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
})
afterAll(async () => {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
})
async function ask(question: object = {}): Promise<Standing> {
  const answer = once(child, 'message')
  child.send(question)
  return (await answer)[0]
}

/** Pages of events that were read, by channel. */
const pages = new Map<string, number>()
const { query } = PostgresConnection.prototype
vi.spyOn(PostgresConnection.prototype, 'query').mockImplementation(function (this: PostgresConnection, statement) {
  const channel = /from "events"/.test(statement.text) && String(statement.values?.[0])
  if (channel) pages.set(channel, (pages.get(channel) ?? 0) + 1)
  return Reflect.apply(query, this, [statement])
})

const drafts: Awaited<ReturnType<typeof draftOf>>[] = []
const sockets = new Set<Duplex>()
for (const { root } of [first, second]) {
  root.server.on('upgrade', (_request, socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
}

async function followersOf(app: TestApp, at: string): Promise<Follower[]> {
  const followers: Follower[] = []
  for (let channel = 0; channel < channels; channel++) {
    const people = [await signedIn(app)]
    const owner = people[0] as (typeof people)[number]
    const draft = await draftOf(app, owner)
    drafts.push(draft)
    while (people.length < peopleOfEach) {
      const friend = await signedIn(app)
      await owner.browser.mutate('drafts.addCollaborator', { draftId: draft.id, person: friend.id })
      people.push(friend)
    }
    const { cursor } = (await owner.browser.query('drafts.get', { draftId: draft.id })).json().result.data
    for (const [n, { browser }] of people.entries()) {
      // From an address of their own.
      const headers = { cookie: browser.cookieHeader, origin: publicUrl, 'x-forwarded-for': `10.0.${channel}.${n + 1}` }
      const follower = { url: `${at.replace('http', 'ws')}/trpc`, headers, draftId: draft.id, lastEventId: cursor }
      for (let n = 0; n < socketsOfEach; n++) followers.push(follower)
    }
  }
  return followers
}

/** In every channel at once, and told to nobody. */
async function miss(app: TestApp) {
  await app.database.db.execute(`
    with raised as (update channels set head = head + ${missed} where id like 'draft:%' returning id, head)
    insert into events (channel, seq, type, payload)
    select id, head - ${missed} + n, 'draft.updated', '{"title":"missed","state":"open"}'
    from raised, generate_series(1, ${missed}) as n`)
}

const headAt = { seq: peopleOfEach - 1 }
async function allBack(what: string, app: TestApp, cut: () => Promise<void>) {
  for (const draft of drafts) await draft.tell('before', app)
  headAt.seq++
  await until('all level', async () => (await ask()).least === headAt.seq)
  pages.clear()
  const before = memory()
  const cpuBefore = process.cpuUsage()
  let most = before
  let lookedAtMs = performance.now()
  // What others take of the machine is not held against us.
  const slowness = Math.max(1, (loadavg()[0] as number) / availableParallelism())
  const childBefore = (await ask()).cpuMs
  const began = performance.now()
  await cut()
  headAt.seq += missed
  const standing = await until('all are connected again', async () => {
    if (performance.now() - lookedAtMs > 250) {
      most = Math.max(most, memory())
      lookedAtMs = performance.now()
    }
    const now = await ask()
    return now.carried === all && now.least === headAt.seq ? now : null
  })
  const took = performance.now() - began
  const { user, system } = process.cpuUsage(cpuBefore)
  process.stdout.write(
    `${what}: ${all} back after ${Math.round(took)} ms, ${Math.round((user + system) / 1000)} ms of CPU here, ` +
      `${Math.round(standing.cpuMs - childBefore)} ms with them; load ${loadavg()[0]?.toFixed(1)}; ` +
      `memory grew by ${Math.round((most - before) / 2 ** 20)} MiB; ` +
      `pages of each channel: ${[...pages.values()]}; refused meanwhile: ${JSON.stringify(standing.refused)}\n`,
  )
  expect(standing).toMatchObject({ faults: 0 })
  expect(took).toBeLessThan(15_000 * slowness)
  expect(most - before).toBeLessThan(50 * 2 ** 20)
  expect(drafts.map(({ channel }) => pages.get(channel))).toEqual(drafts.map(() => 1))
}

it('all clients reconnect within 15 seconds, and the events that they missed are read once per channel', async () => {
  const url = await first.listen()
  const began = performance.now()
  const followers = await followersOf(first, url)
  process.stdout.write(`people after ${Math.round(performance.now() - began)} ms\n`)
  // In groups, so that none is refused and pauses: the subject is how they come back.
  for (let at = 0; at < all; at += together) {
    await ask({ followers: followers.slice(at, at + together) })
    await until('the group is connected', async () => (await ask()).carried === at + together)
  }
  process.stdout.write(`all there after ${Math.round(performance.now() - began)} ms\n`)

  await allBack('cut', first, async () => {
    expect(sockets.size).toBe(all)
    for (const socket of sockets) socket.destroy()
    await miss(first)
  })

  // A new process knows nothing of what was read before.
  await allBack('restarted', first, async () => {
    await first.root.close()
    await miss(second)
    await second.root.listen({ port: Number(new URL(url).port), host: '127.0.0.1' })
  })
})
