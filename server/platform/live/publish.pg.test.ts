/** Transactions that publish to the same channels at the same time. */
import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { withTransaction } from '../db/transaction.ts'
import { readOrMakeState, readPage } from './channel-store.ts'
import { publish } from './publish.ts'

const app = await buildTestApp()
const { db } = app.database
const event = { type: 'told', actorId: null }

it('one that has much left to do after it published holds nobody up', async () => {
  const [published, rest] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const long = withTransaction(db, async (tx) => {
    await publish(tx, 'test:shared', event)
    published.resolve()
    await rest.promise
  })
  await published.promise
  await publish(db, 'test:shared', event)
  rest.resolve()
  await long
})

it('each name the mark of the event before theirs, whoever waited for whom', async () => {
  const channel = 'test:chain'
  const telling = Array.from({ length: 4 }, async () => {
    for (let n = 0; n < 25; n++) await publish(db, channel, event)
  })
  await Promise.all(telling)
  const { epoch, head, mark } = await readOrMakeState(db, channel)
  const told = await readPage(db, channel, epoch, 0)
  expect([head, told.at(-1)?.mark]).toEqual([100, mark])
  expect(told.map(({ previousMark }) => previousMark)).toEqual([null, ...told.slice(0, -1).map(({ mark }) => mark)])
})

it('two that name their channels in opposite orders do not deadlock', async () => {
  let runs = 0
  const both = (order: string[]) =>
    withTransaction(db, async (tx) => {
      runs++
      for (const channel of order) await publish(tx, channel, event)
    })
  for (let round = 0; round < 40; round++) {
    const pairs = Array.from({ length: 4 }, (_, n) => both(n % 2 ? ['test:a', 'test:b'] : ['test:b', 'test:a']))
    await Promise.all(pairs)
  }
  // A deadlock would have been resolved by Postgres, after a second, and run again.
  expect(runs).toBe(160)
})
