/** Subscribers at each door that subscriptions have: what they are told, read back to one form. */
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'vitest'
import { errorTable } from '../../shared/errors.ts'
import type { TestBrowser } from './browser.ts'
import { procedures } from './calls.ts'
import {
  closedUnheard,
  type Door,
  type Failure,
  type Follower,
  type House,
  headersOf,
  type Message,
  type Outcome,
  openSocket,
  type Procedure,
  type Sent,
  type TrpcAnswer,
  trpcOutcome,
} from './door.ts'
import { until } from './until.ts'

/** As far as `sent.listen` says, and leaves. What it was told is compared where there is more of it. */
export async function listen(follower: Follower, { listen = 'words' }: Sent): Promise<Outcome> {
  try {
    await until(`${listen} of a stream`, () => {
      if (follower.error) return true
      if (listen === 'words') return follower.messages.length > 0
      return listen === 'beginning' && follower.begun
    })
    const { error } = follower
    return error ? { error } : {}
  } finally {
    follower.leave()
  }
}

type SocketAnswer = { id: number; result?: { type: string; id?: string; data?: unknown }; error?: TrpcAnswer['error'] }

export async function followSocket(
  { url }: House,
  browser: TestBrowser,
  { procedure, input }: Sent,
): Promise<Follower> {
  const socket = await openSocket(url, browser)
  const id = socket.send('subscription', procedure.path, input)
  const answers = () => (socket.answers as unknown as SocketAnswer[]).filter((answer) => answer.id === id)
  return {
    get begun() {
      return answers().length > 0
    },
    get messages() {
      return answers().flatMap(({ result }) => (result?.type === 'data' ? [messageOf(result)] : []))
    },
    get error() {
      const failed = answers().find(({ error }) => error)
      if (failed) return trpcOutcome(failed).error
      return socket.close?.code === 4401 && answers().length === 0 ? closedUnheard : undefined
    },
    leave: () => socket.ws.terminate(),
  }
}

/** What is tracked has its id twice. */
function messageOf({ id, data }: { id?: string; data?: unknown }): Message {
  if (id === undefined) return { data }
  const tracked = data as Message
  expect(tracked.id).toBe(id)
  return { id, data: tracked.data }
}

async function followEvents({ url }: House, browser: TestBrowser, { procedure, input }: Sent): Promise<Follower> {
  const leaving = new AbortController()
  const query = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`
  const answer = await fetch(`${url}/trpc/${procedure.path}${query}`, {
    headers: { ...headersOf(browser), accept: 'text/event-stream' },
    signal: leaving.signal,
  })
  const follower = { messages: [] as Message[], begun: false, error: undefined as Follower['error'] }
  if (answer.status !== 200) {
    const { error } = trpcOutcome((await answer.json()) as TrpcAnswer)
    expect([answer.status, error && errorTable[error.code].status]).toEqual([401, 401])
    return Object.assign(follower, { error, leave: () => leaving.abort() })
  }
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  const hear = (block: string) => {
    const { event, data, id } = fieldsOfEvent(block)
    if (event === undefined)
      follower.messages.push({ ...(id !== undefined && { id }), data: JSON.parse(data ?? 'null') })
    else if (event === 'connected') follower.begun = true
    else if (event === 'serialized-error') follower.error = trpcOutcome({ error: JSON.parse(data ?? '') }).error
  }
  void readBlocks(answer, hear).catch(() => {})
  return Object.assign(follower, { leave: () => leaving.abort() })
}

const fieldsOfEvent = (block: string): { event?: string; data?: string; id?: string } =>
  Object.fromEntries(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )

async function readBlocks({ body }: Response, hear: (block: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body ?? []) {
    const blocks = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) if (block.trim()) hear(block.trim())
  }
}

export const eventStream: Door = {
  name: 'server-sent events',
  leadsTo: ({ type }) => type === 'subscription',
  takesAnything: () => true,
  follow: followEvents,
  call: async (house, browser, sent) => listen(await followEvents(house, browser, sent), sent),
}

type PlainFrame = { type: string; seq: number; cursor: string; data?: object } & Record<string, unknown>

/** Its own names for the same events, whose fields are in `data`; and a code of the close for each status. */
async function followPlain({ url }: House, browser: TestBrowser, { procedure, input }: Sent): Promise<Follower> {
  const { path, events } = procedure.meta?.socket ?? expect.unreachable()
  const names = Object.fromEntries(Object.entries(events).map(([ours, theirs]) => [theirs, ours]))
  const { lastEventId, ...fields } = input as Record<string, string>
  const filled = path.replaceAll(/\{(.*?)\}/g, (_, field) => encodeURIComponent(String(fields[field])))
  const after = lastEventId === undefined ? '' : `?after=${encodeURIComponent(lastEventId)}`
  const socket = await openSocket(url, browser, filled + after)
  const frames = () => socket.answers as unknown as PlainFrame[]
  return {
    get begun() {
      return frames().length > 0
    },
    get messages() {
      return frames().flatMap(({ type, seq, cursor, data, at, actorId }) => {
        if (type === 'error') return []
        const event = data ? { ...data, type: names[type], seq, at, actorId } : { type }
        return [{ id: cursor, data: event }]
      })
    },
    get error() {
      const { type, ...failure } = (frames().at(-1) ?? {}) as unknown as Failure & { type?: string }
      // Nothing is over before the close says so too.
      if (type !== 'error' || !socket.close) return undefined
      expect(socket.close).toEqual({ code: 4000 + errorTable[failure.code].status, reason: failure.code })
      return { ...failure, retryAfterS: failure.retryAfterS }
    },
    leave: () => socket.ws.terminate(),
  }
}

export const plainSocket: Door = {
  name: 'a WebSocket of plain JSON',
  leadsTo: ({ meta }) => meta?.socket !== undefined,
  takesAnything: () => false,
  follow: followPlain,
  call: async (house, browser, sent) => listen(await followPlain(house, browser, sent), sent),
}

/** The query that answers for a channel's subscription where no stream can be held open: `events` for `onEvent`. */
const polledBy = ({ path }: Procedure) =>
  procedures.find(
    (one) => one.path === path.replace(/on([A-Z])(\w*)$/, (_, first, rest) => `${first.toLowerCase()}${rest}s`),
  )

/** Many calls of one query, each from where the one before came to. What it would be told on a stream follows from its answers. */
async function followByPolling(_house: House, browser: TestBrowser, { procedure, input }: Sent): Promise<Follower> {
  const { path } = polledBy(procedure) ?? expect.unreachable()
  const follower = { messages: [] as Message[], begun: false, error: undefined as Follower['error'] }
  let isLeft = false
  const ask = async (lastEventId: string | undefined) => {
    const { data, error } = trpcOutcome((await browser.query(path, { ...(input as object), lastEventId })).json())
    follower.error = error
    return data as { events: ({ seq: number } & object)[]; cursor: string; resync: boolean }
  }
  const poll = async (from: string) => {
    for (let cursor = from; !isLeft && !follower.error; await turn()) {
      const { events, cursor: next, resync } = await ask(cursor)
      const [epoch] = next.split(':')
      for (const data of events) follower.messages.push({ id: `${epoch}:${data.seq}`, data })
      if (resync) follower.messages.push({ id: next, data: { type: 'resync' } })
      cursor = next
    }
  }
  const { lastEventId } = input as { lastEventId?: string }
  const from = lastEventId ?? (await ask(undefined)).cursor
  follower.messages.push({ id: from, data: { type: 'ready' } })
  follower.begun = true
  // Where it breaks off, whoever waits for the last word says so.
  poll(from).catch(() => {})
  return Object.assign(follower, {
    leave: () => {
      isLeft = true
    },
  })
}

/** Its calls are those of a query, which is compared as one; here it is what they come to. */
export const polling = {
  name: 'polling',
  leadsTo: (procedure: Procedure) => procedure.type === 'subscription' && polledBy(procedure) !== undefined,
  follow: followByPolling,
}
