import { v7 } from 'uuid'
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import { buildTestApp, publicUrl } from '../server/test/app.ts'
import { until } from '../server/test/until.ts'
import type { Draft, DraftEvent } from '../shared/drafts.ts'
import { createPlinth, type Feed, type LiveTransport, type Plinth } from './plinth.ts'

const app = await buildTestApp()
const url = await app.listen()

const clients: Plinth[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

async function signedIn(at = url) {
  const browser = await app.signIn()
  const client = createPlinth({ url: at, headers: { origin: publicUrl, cookie: browser.cookieHeader } })
  clients.push(client)
  return client
}

function feedOf(plinth: Plinth, draftId: string, transports?: LiveTransport[]) {
  const seen = { snapshots: [] as Draft[], events: [] as DraftEvent[], states: [] as string[], errors: [] as string[] }
  const feed: Feed = plinth.live({
    follow: (lastEventId, handlers, transport) =>
      plinth.drafts.onEvent.subscribe({ draftId, lastEventId }, { ...handlers, context: { transport } }),
    poll: (lastEventId) => plinth.drafts.events.query({ draftId, lastEventId }),
    snapshot: () => plinth.drafts.get.query({ draftId }),
    onSnapshot: (draft) => {
      expectTypeOf(draft).toEqualTypeOf<Draft>()
      seen.snapshots.push(draft)
    },
    onEvent: (event) => {
      expectTypeOf(event).toEqualTypeOf<DraftEvent>()
      seen.events.push(event)
    },
    onState: (state) => seen.states.push(state),
    onError: ({ code }) => seen.errors.push(code),
    ...(transports && { transports }),
  })
  return { feed, seen }
}

describe('a feed', () => {
  it.for([['websocket'], ['sse'], ['polling']] as LiveTransport[][])('over %s', async (transports) => {
    const plinth = await signedIn()
    const { id: draftId } = await plinth.drafts.create.mutate({ title: 'x' })
    const { feed, seen } = feedOf(plinth, draftId, transports)
    await until('well', () => feed.transport === transports[0])
    for (let i = 0; i < 5; i++) await plinth.drafts.append.mutate({ draftId, segmentId: v7(), text: `${i}` })
    await until('events', () => seen.events.length >= 5)
    expect(seen.events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
    feed.close()
    expect(seen.errors).toEqual([])
    expect(seen.states).toEqual([transports[0] === 'polling' ? 'polling' : 'live', 'ended'])
  })
})
