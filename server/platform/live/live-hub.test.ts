/** Which channels an instance goes on watching. */
import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { until } from '../../test/until.ts'
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

async function join(reader: ChannelReader, send: (events: readonly unknown[]) => void) {
  let leave = () => {}
  const sink = { send, resync: () => {}, drained: async () => {}, ended: false }
  await reader.join(sink, null, (it) => (leave = it))
  return leave
}
