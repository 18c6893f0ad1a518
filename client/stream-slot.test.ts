import type { TRPCLink } from '@trpc/client'
import { observable } from '@trpc/server/observable'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { until } from '../server/test/until.ts'
import { errorCode } from './errors.ts'
import type { AppRouter } from './plinth.ts'
import { inStreamSlot } from './stream-slot.ts'

const origin = 'https://plinth.example'
const opened: { unsubscribe(): void }[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const stream of opened.splice(0)) stream.unsubscribe()
  await until('nothing held', async () => (await navigator.locks.query()).held?.length === 0)
})

/** A stream of one of many tabs; the link inside counts what is open. */
const counted = { open: 0 }
const inner: TRPCLink<AppRouter> = () => () =>
  observable(() => {
    counted.open++
    return () => void counted.open--
  })

function openStream(to = origin, context = {}) {
  const seen = { errors: [] as string[] }
  const link = inStreamSlot(to, inner)({})
  const call = {
    op: { id: 1, type: 'subscription', path: 'x', input: null, context },
    next: () => expect.unreachable(),
  }
  const { unsubscribe } = link(call as never).subscribe({ error: (error) => seen.errors.push(errorCode(error)) })
  const stream = { seen, unsubscribe }
  opened.push(stream)
  return stream
}

describe('streams of the tabs of one browser', () => {
  it('are three at a time; who comes later is told at once, and gets a place that comes free', async () => {
    const streams = Array.from({ length: 7 }, () => openStream())
    await until('all to know', () => counted.open + streams.flatMap(({ seen }) => seen.errors).length === 7)
    expect(counted.open).toBe(3)
    expect(streams.flatMap(({ seen }) => seen.errors)).toEqual(Array(4).fill('NETWORK_ERROR'))
    streams[0]?.unsubscribe()
    expect(counted.open).toBe(2)
    await until('the place to be free', async () => (await navigator.locks.query()).held?.length === 2)
    openStream()
    await until('the next', () => counted.open === 3)
  })

  it('have one place for hints, which take none from the others', async () => {
    const hints = [1, 2].map(() => openStream(origin, { hint: true }))
    await until('both to know', () => counted.open + hints.flatMap(({ seen }) => seen.errors).length === 2)
    expect(counted.open).toBe(1)
    for (let n = 0; n < 3; n++) openStream()
    await until('all', () => counted.open === 4)
  })

  it('are counted for each server by itself', async () => {
    for (const to of [origin, 'https://other.example']) for (let n = 0; n < 3; n++) openStream(to)
    await until('all', () => counted.open === 6)
  })

  it('hold nothing when they were given up before they began', async () => {
    for (let n = 0; n < 3; n++) openStream().unsubscribe()
    await until('nothing held', async () => (await navigator.locks.query()).held?.length === 0)
    for (let n = 0; n < 3; n++) openStream()
    await until('all', () => counted.open === 3)
  })

  it.each([
    [
      'HTTP/2 carries them',
      () =>
        vi
          .spyOn(performance, 'getEntriesByType')
          .mockReturnValue([{ name: `${origin}/`, nextHopProtocol: 'h2' } as never]),
    ],
    ['there are no Web Locks', () => vi.spyOn(navigator, 'locks', 'get').mockReturnValue(undefined as never)],
    [
      'Web Locks are forbidden',
      () => vi.spyOn(navigator.locks, 'request').mockRejectedValue(new Error('SecurityError')),
    ],
  ])('are not limited where %s', async (_, bend) => {
    bend()
    for (let n = 0; n < 7; n++) openStream()
    await until('all', () => counted.open === 7)
  })
})
