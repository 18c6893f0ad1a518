/** What becomes of an event with the transaction that it is published in. */
import { count, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { until } from '../../test/until.ts'
import { withTransaction } from '../db/transaction.ts'
import { newEpoch, publish } from './publish.ts'
import { events } from './table.ts'

const app = await buildTestApp()
const { db } = app.database
const { live } = app.inside
const event = (n: number) => ({ type: 'counted', actorId: null, n })

let channels = 0
/** A channel, and `[seq, n]` of what its reader hands out. */
async function follow() {
  const channel = `test:${++channels}`
  const told: [number, number][] = []
  const reader = await live.reader(channel)
  const sink = {
    send: (sent: readonly { seq: number; json: string }[]) => {
      for (const { seq, json } of sent) told.push([seq, JSON.parse(json).n])
    },
    resync: () => expect.unreachable('resync'),
    drained: async () => {},
    ended: false,
  }
  await reader.join(sink, null, () => {})
  return { channel, told }
}

/** Long enough for the hub to hand out what it was offered. */
async function turns() {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('an event', () => {
  it('of a transaction that rolls back is told to nobody, and gives its number back', async () => {
    const { channel, told } = await follow()
    const failing = withTransaction(db, async (tx) => {
      await publish(tx, channel, event(1))
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    // Fails after the event was inserted: another step of the end of the transaction.
    const late = withTransaction(db, async (tx) => {
      await publish(tx, channel, event(2))
      await publish(tx, `${channel}:b`, { type: 'refused', actorId: 'no uuid' })
    })
    await expect(late).rejects.toThrow()
    await turns()
    expect(told).toEqual([])
    await publish(db, channel, event(3))
    await until('the good one', () => told.length)
    expect(told).toEqual([[1, 3]])
  })

  it('is inserted at the end of its transaction, and told after it', async () => {
    const { channel, told } = await follow()
    await withTransaction(db, async (tx) => {
      await publish(tx, channel, event(1))
      const [inserted] = await tx.select({ number: count() }).from(events).where(eq(events.channel, channel))
      expect(inserted?.number).toBe(0)
      await turns()
      expect(told).toEqual([])
    })
    await until('the event', () => told.length)
    expect(told).toEqual([[1, 1]])
  })

  it('is told once by a transaction that had to be run again', async () => {
    const { channel, told } = await follow()
    let runs = 0
    await withTransaction(db, async (tx) => {
      await publish(tx, channel, event(++runs))
      if (runs < 3) throw Object.assign(new Error('could not serialize'), { code: '40001' })
    })
    await publish(db, channel, event(9))
    await until('both', () => told.length === 2)
    expect(told).toEqual([
      [1, 3],
      [2, 9],
    ])
  })

  it('has a cursor that is no option where it is said on a command line', () => {
    for (let n = 0; n < 1_000; n++) expect(newEpoch()).toMatch(/^[0-9a-f]{12}$/)
  })
})
