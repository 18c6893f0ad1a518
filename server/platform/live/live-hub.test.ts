/** Which channels an instance goes on watching. */
import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { range } from '../../test/followers.ts'
import { until } from '../../test/until.ts'
import type { ChannelEvent, Cursor } from './channel-event.ts'
import type { ChannelReader } from './channel-reader.ts'
import { publish } from './publish.ts'

const app = await buildTestApp()
const { live } = app.inside

/** As if half a minute and a little more had passed since. */
const longAgo = (reader: ChannelReader) => {
  if (reader.idleSince !== null) reader.idleSince -= 31_000
}

/** The first may be one that was under way. */
async function look() {
  await live.lookAtHeads()
  await live.lookAtHeads()
}

it('a channel that was asked for and never followed is let go', async () => {
  const reader = await live.reader('test:never')
  longAgo(reader)
  await look()
  expect(await live.reader('test:never')).not.toBe(reader)
})

it('one that everybody left is kept for those who come back, and let go in the end', async () => {
  const reader = await live.reader('test:left')
  const leave = await join(reader, () => {})
  longAgo(reader)
  await look()
  expect(await live.reader('test:left')).toBe(reader)
  leave()
  await look()
  expect(await live.reader('test:left')).toBe(reader)
  longAgo(reader)
  await look()
  expect(await live.reader('test:left')).not.toBe(reader)
})

it('one that was about to be let go is not, when somebody comes', async () => {
  const reader = await live.reader('test:late')
  const leave = await join(reader, () => {})
  leave()
  longAgo(reader)
  const again = await live.reader('test:late')
  await look()
  let told = 0
  await join(again, (events) => {
    told += events.length
  })
  await publish(app.database.db, 'test:late', { type: 'told', actorId: null })
  await until('the event', () => told)
})

it('an event of a release without marks is handed out by its notice', async () => {
  const reader = await live.reader('test:unmarked')
  await publish(app.database.db, 'test:unmarked', { type: 'told', actorId: null })
  await until('the first event', () => reader.cursor.seq === 1)
  const told: unknown[] = []
  await join(reader, (events) => told.push(...events))
  const { epoch, seq } = reader.cursor
  app.inside.notices.publish('live.published', { hints: [['test:unmarked', epoch, seq + 1, '{}']] })
  await until('the event', () => told.length)
  expect(told).toMatchObject([{ seq: seq + 1, mark: null, previousMark: null }])
})

async function join(
  reader: ChannelReader,
  send: (events: readonly ChannelEvent[]) => void,
  from: Cursor | null = null,
) {
  let leave = () => {}
  const sink = { send, resync: () => {}, drained: async () => {}, ended: false }
  await reader.join(sink, from, (it) => (leave = it))
  return leave
}

it('all channels together keep so much in memory, what was used last longest, and whoever comes back misses nothing', async () => {
  // Memory is freed when heads are polled, and here only the test does that.
  const small = await buildTestApp({ times: { live: { keptChars: 50_000, lookEveryMs: 3_600_000 } } })
  const channels = range(1, 5).map((n) => `test:large-${n}`)
  const kept = async () => Promise.all(channels.map(async (id) => (await small.inside.live.reader(id)).keptChars))
  const begins: Cursor[] = []
  for (const id of channels) {
    const reader = await small.inside.live.reader(id)
    begins.push(reader.cursor)
    let told = 0
    await join(reader, (events) => {
      told += events.length
    })
    for (let n = 0; n < 20; n++)
      await publish(small.database.db, id, { type: 'told', actorId: null, text: 'x'.repeat(1000) })
    await until('all', () => told === 20)
  }
  expect((await kept()).every((chars) => chars > 20_000)).toBe(true)
  await small.inside.live.lookAtHeads()
  await small.inside.live.lookAtHeads()
  const left = await kept()
  expect(left.map((chars) => chars > 0)).toEqual([false, false, false, true, true])
  expect(left.reduce((sum, chars) => sum + chars)).toBeLessThanOrEqual(50_000)
  const seqs: number[] = []
  const sink = (events: readonly ChannelEvent[]) => void seqs.push(...events.map(({ seq }) => seq))
  await join(await small.inside.live.reader(channels[0] as string), sink, begins[0])
  await until('what was there', () => seqs.length === 20)
  expect(seqs).toEqual(range(1, 20))
})
