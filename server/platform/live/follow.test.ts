/** Something happens at a chosen step of subscribing, at each and at several: it is sent once, in order, and nothing else. */
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { range } from '../../test/followers.ts'
import { until } from '../../test/until.ts'
import { users } from '../identity/table.ts'
import type { Allowed } from './access-watch.ts'
import type { ChannelEvent } from './channel-event.ts'
import { readCursor } from './channel-store.ts'
import { followChannel, HandOver } from './follow.ts'
import { publish } from './publish.ts'

const app = await buildTestApp()
const { db } = app.database
const { live } = app.inside
const [follower] = await db.insert(users).values({ displayName: 'Ada' }).returning()
const userId = follower?.id as string
const allowed: Allowed = async (_db, followings) => followings

const steps = ['before', 'while it is opened', 'before the word', 'after the word', 'while it joins', 'after'] as const
const chosen = (bits: number) => steps.filter((_, step) => bits & (1 << step))
const choices = range(1, 2 ** steps.length - 1)

describe.for(['handed over', 'queued'] as const)('a stream that is %s', (way) => {
  it.for(['watched already', 'watched by nobody', 'far behind'] as const)(
    'of a channel %s misses nothing',
    async (how) => {
      for (const bits of choices) {
        const channel = `test:${way}:${how}:${bits}`
        let last = 0
        const tell = () => publish(db, channel, { type: 'told', actorId: null, n: ++last })
        const at = (step: (typeof steps)[number]) => (chosen(bits).includes(step) ? tell() : null)
        await tell()
        const from = how === 'far behind' ? '0' : '1'
        const cursor = await readCursor(db, channel)
        const lastEventId = from === '1' ? cursor : cursor.replace(/:.*/, ':0')
        if (how === 'watched already') await live.reader(channel)
        const first = last

        const stop = new AbortController()
        const options = { handsOver: way === 'handed over', signal: stop.signal, userId, lastEventId }
        await at('before')
        const stream = followChannel<{ type: 'told'; seq: number }>(live, channel, {
          ...options,
          capability: 'draft:read',
          allowed,
        })
        const ready = stream.next()
        await at('while it is opened')
        expect((await ready).value).toMatchObject([lastEventId, { type: 'ready' }, expect.anything()])
        await at('before the word')
        const next = stream.next()
        await at('after the word')
        const seqs: number[] = []
        const seen = ({ seq }: { seq: number }) => void seqs.push(seq)
        if (way === 'handed over') {
          const handOver = (await next).value as unknown
          expect(handOver).toBeInstanceOf(HandOver)
          const send = (events: readonly ChannelEvent[]) => events.forEach(seen)
          const sink = { send, resync: () => expect.unreachable(), drained: async () => {}, ended: false }
          const begun = (handOver as HandOver).begin(sink)
          await at('while it joins')
          await begun
        } else {
          const read = async () => {
            for (let { value, done } = await next; !done; { value, done } = await stream.next()) {
              if (value) seen(value[1] as { seq: number })
            }
          }
          void read()
          await at('while it joins')
        }
        await at('after')
        const wanted = range(Number(from) + 1, last)
        await until(`all of ${chosen(bits)}`, () => seqs.length >= wanted.length)
        expect([seqs, first], chosen(bits).join()).toEqual([wanted, 1])
        stop.abort()
        await stream.return(undefined)
      }
      await until('nothing leaked', () => live.sinks === 0 && live.access.size === 0)
    },
  )
})
