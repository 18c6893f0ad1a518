/** Two instances of which one cannot hear the other, for its listening connection is cut: events come all the same. */
import { afterAll, afterEach, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { draftOf, Log, plainEventsClient, plainSocketClient, range, signedIn } from '../../test/followers.ts'
import { rowsOf } from '../../test/rows.ts'
import { TcpProxy } from '../../test/tcp-proxy.ts'
import { until } from '../../test/until.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = { DATABASE_URL: database.url }
const { hostname, port } = new URL(database.url)
const proxy = await TcpProxy.before(Number(port || 5432))
afterAll(() => proxy.close())
expect(['127.0.0.1', 'localhost']).toContain(hostname)
const throughProxy = new URL(database.url)
throughProxy.host = `127.0.0.1:${proxy.port}`

const here = await buildTestApp({ environment })
/** Only LISTEN, and migrations, go through the proxy. */
const there = await buildTestApp({ environment: { ...environment, DATABASE_DIRECT_URL: throughProxy.href } })
const url = await there.listen()
let listens = 0
there.inside.notices.on('notices.connected', () => void listens++)

const ends: (() => unknown)[] = []
afterEach(async () => {
  proxy.mode = 'pass'
  for (const end of ends.splice(0)) await end()
  await until('nothing leaked', () => there.inside.live.sinks === 0 && there.inside.live.access.size === 0)
})

/** Writes here every few milliseconds; how long each event took to each follower there. */
async function writing() {
  const owner = await signedIn(here)
  const draft = await draftOf(here, owner)
  /** By number; the first is 1. */
  const told = [0]
  const latencies: number[] = []
  const logs = [new Log(), new Log()] as const
  for (const log of logs) {
    const { onData } = log.handlers
    log.handlers.onData = (message) => {
      const { data } = message
      if ('seq' in data) latencies.push(performance.now() - (told[data.seq] as number))
      onData(message)
    }
  }
  const socket = plainSocketClient(url, owner.browser)
  ends.push(socket.close)
  socket.trpc.drafts.onEvent.subscribe({ draftId: draft.id }, logs[0].handlers)
  const events = plainEventsClient(url, owner.browser)
  ends.push(events.drafts.onEvent.subscribe({ draftId: draft.id }, logs[1].handlers).unsubscribe)
  await until('both', () => there.inside.live.sinks === 2)
  let going = true
  const writer = (async () => {
    while (going) {
      told.push(performance.now())
      await draft.tell()
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
  })()
  return {
    count: () => told.length - 1,
    async finish() {
      going = false
      await writer
      const last = told.length - 1
      await until('all', () => logs.every(({ seqs }) => seqs.length >= last))
      for (const { seqs, errors } of logs) expect([seqs, errors]).toEqual([range(1, last), []])
      const worst = Math.round(Math.max(...latencies))
      process.stdout.write(`${last} events, the slowest after ${worst} ms\n`)
      return worst
    },
  }
}

const listening = () =>
  until('it listens', async () => {
    const rows = await here.database.db.execute(
      `select from pg_stat_activity where application_name = 'plinth notices' and datname = current_database()`,
    )
    return rowsOf(rows).length === 2
  })

it('for a moment, again and again: within two seconds, and nothing is lost', async () => {
  await listening()
  const load = await writing()
  for (let cut = 0; cut < 6; cut++) {
    const [before, heard] = [load.count(), listens]
    await here.database.db.execute(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'plinth notices' and datname = current_database()`,
    )
    await until('it listens again, and more was written', () => listens > heard && load.count() > before + 50)
  }
  expect(await load.finish()).toBeLessThan(2000)
})

it('for as long as it likes: within two seconds, and nothing is lost', async () => {
  await listening()
  const load = await writing()
  proxy.mode = 'hang-up'
  proxy.cut()
  const cutAt = performance.now()
  await until('more than three looks', () => performance.now() - cutAt > 3500)
  expect(await load.finish()).toBeLessThan(2000)
})

it('without a word, the connection still open: within two seconds, and nothing is lost', async () => {
  await listening()
  const load = await writing()
  proxy.mode = 'hang-up'
  proxy.silence()
  const cutAt = performance.now()
  await until('more than three looks', () => performance.now() - cutAt > 3500)
  expect(await load.finish()).toBeLessThan(2000)
})
