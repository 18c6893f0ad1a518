/** What a feed makes of a server that does not keep the rules, of events that cannot be applied, and of other trouble. */
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { until } from '../server/test/until.ts'
import { PlinthError, type PlinthErrorCode } from './errors.ts'
import { openFeed } from './live.ts'
import type { LiveHandlers, LiveOptions } from './live-options.ts'

interface Event {
  type: string
  seq: number
}
type Options = LiveOptions<{ cursor: string }, Event>

const error = (code: PlinthErrorCode) => new PlinthError(code, code)

/** A server that says what the test makes it say, to a feed that waits a twentieth of its time. */
function play(more: Partial<Options> = {}, pace = 0.05) {
  const played = {
    /** What `get` answers, one after the other; the last again and again. */
    cursors: ['e:0'],
    follows: [] as { from: string; handlers: LiveHandlers; stopped: boolean }[],
    polls: [] as string[],
    snapshots: 0,
    seqs: [] as number[],
    states: [] as string[],
    errors: [] as string[],
  }
  const feed = openFeed<{ cursor: string }, Event>(
    {
      follow: (from, handlers) => {
        const follow = { from, handlers, stopped: false }
        played.follows.push(follow)
        return {
          unsubscribe() {
            follow.stopped = true
          },
        }
      },
      poll: async (from) => {
        played.polls.push(from)
        return { events: [], cursor: from, resync: false }
      },
      snapshot: async () => {
        played.snapshots++
        return { cursor: played.cursors[Math.min(played.snapshots, played.cursors.length) - 1] as string }
      },
      onSnapshot: () => {},
      onEvent: ({ seq }) => played.seqs.push(seq),
      onState: (state) => played.states.push(state),
      onError: ({ code }) => played.errors.push(code),
      transports: ['websocket'],
      ...more,
    },
    () => () => {},
    pace,
  )
  const followed = async (number: number) => {
    const { handlers, ...rest } = await until(`follow ${number}`, () => played.follows[number - 1])
    const send = (seq: number, epoch = 'e') => handlers.onData({ id: `${epoch}:${seq}`, data: { type: 'x', seq } })
    const say = (type: string, id = rest.from) => handlers.onData({ id, data: { type } })
    say('ready')
    return { ...rest, handlers, send, say }
  }
  return { ...played, played, feed, followed }
}

const uncaught = () => {
  const known = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  const thrown = Promise.withResolvers<unknown>()
  process.once('uncaughtException', (it) => {
    for (const listener of known) process.on('uncaughtException', listener)
    thrown.resolve(it)
  })
  return thrown.promise
}

describe('a feed', () => {
  it('drops what it has had', async () => {
    const { played, feed, followed } = play({})
    played.cursors = ['e:4']
    const { send } = await followed(1)
    for (const seq of [3, 4, 5, 5, 4, 6, 1, 7]) send(seq)
    expect(played.seqs).toEqual([5, 6, 7])
    feed.close()
  })

  it('takes a gap for a fault, and resumes from what it applied', async () => {
    const { played, feed, followed } = play()
    const { send } = await followed(1)
    send(1)
    send(3)
    send(2)
    expect(played.follows[0]?.stopped).toBe(true)
    const again = await followed(2)
    expect(again.from).toBe('e:1')
    again.send(2)
    again.send(3)
    expect([played.seqs, feed.state]).toEqual([[1, 2, 3], 'connecting'])
    await until('live', () => feed.state === 'live')
    expect(played.errors).toEqual([])
    feed.close()
  })

  it('sends back the mark of the event that it applied last', async () => {
    const { played, feed, followed } = play()
    played.cursors = ['e:4:snapshot']
    const { from, handlers } = await followed(1)
    handlers.onData({ id: 'e:5:five', data: { type: 'x', seq: 5 } })
    handlers.onError(error('NETWORK_ERROR'))
    const again = await followed(2)
    expect([from, again.from]).toEqual(['e:4:snapshot', 'e:5:five'])
    feed.close()
  })

  it('goes on from the cursor of an answer, which only its last event has', async () => {
    const asked: string[] = []
    const cursors: string[] = []
    const server = play({
      transports: ['polling'],
      onEvent: (_, cursor) => cursors.push(cursor),
      poll: async (from) => {
        asked.push(from)
        const events = from === 'e:0' ? [1, 2].map((seq) => ({ type: 'x', seq })) : []
        return { events, cursor: 'e:2:two', resync: false }
      },
    })
    await until('another question', () => asked.length > 1)
    expect([asked.slice(0, 2), cursors]).toEqual([
      ['e:0', 'e:2:two'],
      ['e:1', 'e:2:two'],
    ])
    server.feed.close()
  })

  it.for(['resync', 'another epoch'])('takes a new snapshot at %s', async (what) => {
    const server = play()
    server.played.cursors = ['e:0', 'f:9']
    const { send, say } = await server.followed(1)
    send(1)
    if (what === 'resync') say('resync', 'f:7')
    else send(2, 'f')
    send(2)
    const again = await server.followed(2)
    expect(again.from).toBe('f:9')
    again.send(10, 'f')
    expect(server.seqs).toEqual([1, 10])
    server.feed.close()
  })

  it('takes a new snapshot when asking is answered with resync', async () => {
    const asked: string[] = []
    const server = play({
      transports: ['polling'],
      poll: async (from) => {
        asked.push(from)
        if (from === 'e:0') return { events: [], cursor: 'f:7', resync: true }
        return { events: from === 'f:9' ? [{ type: 'x', seq: 10 }] : [], cursor: 'f:10', resync: false }
      },
    })
    server.played.cursors = ['e:0', 'f:9']
    await until('the event after it', () => server.seqs.length)
    expect([server.seqs, server.played.snapshots, asked.slice(0, 2)]).toEqual([[10], 2, ['e:0', 'f:9']])
    server.feed.close()
  })

  it('does not pass over an event that could not be applied', async () => {
    const thrown = uncaught()
    const seqs: number[] = []
    const server = play({
      onEvent: ({ seq }) => {
        if (seq === 2) throw new Error('broken page')
        seqs.push(seq)
      },
    })
    server.played.cursors = ['e:0', 'e:2']
    const { send } = await server.followed(1)
    for (const seq of [1, 2, 3]) send(seq)
    expect(await thrown).toMatchObject({ message: 'broken page' })
    const again = await server.followed(2)
    expect(again.from).toBe('e:2')
    again.send(3)
    expect(seqs).toEqual([1, 3])
    server.feed.close()
  })

  it.for(['UNAUTHENTICATED', 'SESSION_ENDED', 'FORBIDDEN', 'NOT_FOUND'] as const)('ends at %s', async (code) => {
    const server = play()
    const { handlers } = await server.followed(1)
    handlers.onError(error(code))
    await until('the end', () => server.feed.state === 'ended')
    const refused = play({ snapshot: () => Promise.reject(error(code)) })
    await until('the end', () => refused.feed.state === 'ended')
    expect([server.errors, refused.errors]).toEqual([[code], [code]])
    expect([server.follows.length, refused.follows.length]).toEqual([1, 0])
  })

  it.for(['NETWORK_ERROR', 'DATABASE_UNAVAILABLE', 'SERVER_BUSY', 'INTERNAL_ERROR'] as const)(
    'does not end at %s',
    async (code) => {
      let failures = 3
      const server = play({
        snapshot: () => (failures-- > 0 ? Promise.reject(error(code)) : Promise.resolve({ cursor: 'e:0' })),
      })
      const { handlers } = await server.followed(1)
      handlers.onError(error(code))
      await server.followed(2)
      await until('live', () => server.feed.state === 'live')
      expect(server.errors).toEqual([])
      server.feed.close()
    },
  )

  it('learns by asking why a stream is refused that cannot say it', async () => {
    const server = play({ transports: ['sse'], poll: () => Promise.reject(error('SESSION_ENDED')) })
    const follow = await until('a try', () => server.follows[0])
    follow.handlers.onError(new Error('event source failed'))
    await until('the end', () => server.feed.state === 'ended')
    expect(server.errors).toEqual(['SESSION_ENDED'])
  })

  it('that was never held by anybody asks for nothing', async () => {
    const server = play()
    server.feed.close()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([server.played.snapshots, server.follows]).toEqual([0, []])
  })

  it('closed by its own event calls back no more', async () => {
    const seqs: number[] = []
    const server = play({
      onEvent: ({ seq }) => {
        seqs.push(seq)
        server.feed.close()
      },
    })
    const { send } = await server.followed(1)
    for (const seq of [1, 2]) send(seq)
    expect([seqs, server.states]).toEqual([[1], ['ended']])
  })

  it('tries less and less often', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const times: number[] = []
    const snapshot = () => {
      times.push(Date.now())
      return Promise.reject(error('NETWORK_ERROR'))
    }
    const server = play({ snapshot }, 1)
    while (times.length < 6) {
      await setImmediate()
      vi.advanceTimersToNextTimer()
    }
    const gaps = times.slice(1).map((time, at) => time - (times[at] as number))
    expect(gaps.at(-1)).toBeGreaterThan(3 * (gaps[0] as number))
    expect([server.states, server.errors]).toEqual([['offline'], []])
    server.feed.close()
  })
})

describe('a feed that has several transports', () => {
  afterEach(() => void vi.useRealTimers())
  /** On a clock that stands until it is moved. */
  function start() {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const server = play({ transports: ['websocket', 'sse'], climbEveryMs: 100 }, 1)
    const follow = (number: number) => until(`follow ${number}`, () => server.follows[number - 1])
    const fail = async (number: number) => (await follow(number)).handlers.onError(new Error('a proxy in between'))
    const asked = (times: number) =>
      until('the question', () => server.polls.length === times).then(() => setImmediate())
    return { server, follow, fail, asked }
  }
  const report = (state: string) => ({ state, error: null })

  it.each([
    ['without a connection', [], 5000],
    ['that is slow to answer', ['connecting', 'pending'], 15_000],
    ['that is slow over the connection of others', ['pending', 'pending'], 15_000],
  ])('gives up a stream %s in its time', async (_, states, withinMs) => {
    const { server, follow } = start()
    const first = await follow(1)
    for (const state of states) first.handlers.onConnectionStateChange(report(state))
    vi.advanceTimersByTime(withinMs - 1)
    expect(first.stopped).toBe(false)
    vi.advanceTimersByTime(1)
    expect(first.stopped).toBe(true)
    server.feed.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('keeps a stream that was slow', async () => {
    const { server, follow } = start()
    const { handlers } = await follow(1)
    handlers.onConnectionStateChange(report('pending'))
    vi.advanceTimersByTime(14_000)
    handlers.onData({ id: 'e:0', data: { type: 'ready' } })
    await until('live', () => server.feed.state === 'live')
    handlers.onConnectionStateChange(report('pending'))
    vi.advanceTimersByTime(60_000)
    expect([server.follows.length, server.follows[0]?.stopped]).toEqual([1, false])
    server.feed.close()
  })

  it('waits longer also when it takes the next', async () => {
    const { server, follow, fail, asked } = start()
    await fail(1)
    await asked(1)
    vi.advanceTimersByTime(250)
    await fail(2)
    await asked(2)
    vi.advanceTimersByTime(249)
    await setImmediate()
    expect(server.follows).toHaveLength(2)
    vi.advanceTimersByTime(251)
    await follow(3)
    server.feed.close()
  })

  it('leaves none behind that it had tried beside the one that broke', async () => {
    const { server, follow, fail, asked } = start()
    for (const number of [1, 2]) {
      await fail(number)
      await asked(number)
      vi.advanceTimersByTime(500)
    }
    const { handlers } = await follow(3)
    handlers.onData({ id: 'e:0', data: { type: 'ready' } })
    await until('the middle', () => server.feed.transport === 'sse')
    vi.advanceTimersByTime(100)
    const better = await follow(4)
    handlers.onError(new Error('broken'))
    await until('the loss', () => server.feed.transport === null)
    expect(better.stopped).toBe(true)
    server.feed.close()
  })
})

it('a feed that asks for ever keeps nothing of what it asked', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const known = Array.from({ length: 100 }, () => ({ type: 'x', seq: 0 }))
  let asked = 0
  const server = play({
    transports: ['polling'],
    poll: async (from) => {
      // As if there were always more: no pause.
      if (++asked % 100 === 0) await setImmediate()
      return { events: known, cursor: from, resync: false }
    },
  })
  const heap = async (questions: number) => {
    await until('the questions', () => asked > questions)
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = await heap(2000)
  expect((await heap(22_000)) - before).toBeLessThan(2_000_000)
  server.feed.close()
})
