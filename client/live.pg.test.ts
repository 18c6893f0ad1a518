import { afterAll, expect, it } from 'vitest'
import { buildTestApp, publicUrl } from '../server/test/app.ts'
import { createTestDatabase } from '../server/test/database.ts'
import { draftOf, range, signedIn } from '../server/test/followers.ts'
import { TcpProxy } from '../server/test/tcp-proxy.ts'
import { until } from '../server/test/until.ts'
import { createPlinth, type LiveTransport } from './plinth.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = { DATABASE_URL: database.url }
const portOf = (url: string) => Number(new URL(url).port)

it('feeds go on with the server that takes the place of one that closes, and nothing is missing', async () => {
  const [old, next] = [await buildTestApp({ environment }), await buildTestApp({ environment })]
  const proxy = await TcpProxy.before(portOf(await old.listen()))
  const nextPort = portOf(await next.listen())
  const owner = await signedIn(next)
  const draft = await draftOf(next, owner)
  const plinth = createPlinth({
    url: `http://127.0.0.1:${proxy.port}`,
    pace: 0.1,
    headers: { origin: publicUrl, cookie: owner.browser.cookieHeader },
  })
  const each: LiveTransport[] = ['websocket', 'sse', 'polling']
  const feeds = each.map((transport) => {
    const seen = { seqs: [] as number[], snapshots: 0, errors: [] as string[] }
    const feed = plinth.live({
      follow: (lastEventId, handlers, by) =>
        plinth.drafts.onEvent.subscribe(
          { draftId: draft.id, lastEventId },
          { ...handlers, context: { transport: by } },
        ),
      poll: (lastEventId) => plinth.drafts.events.query({ draftId: draft.id, lastEventId }),
      snapshot: () => plinth.drafts.get.query({ draftId: draft.id }),
      onSnapshot: () => seen.snapshots++,
      onEvent: ({ seq }) => seen.seqs.push(seq),
      onError: ({ code }) => seen.errors.push(code),
      transports: [transport],
    })
    return { feed, seen, transport }
  })
  const carried = () => feeds.every(({ feed, transport }) => feed.transport === transport)
  await until('all carried', carried)
  let writing = true
  let last = 0
  const writer = (async () => {
    for (; writing; last++) await draft.tell()
  })()
  await until('some events', () => last > 50)
  proxy.mode = 'hang-up'
  await old.root.close()
  await until('all lost', () => feeds.every(({ feed }) => feed.state === 'offline'))
  proxy.target = nextPort
  proxy.mode = 'pass'
  await until('all carried again', carried)
  writing = false
  await writer
  await until('all events', () => feeds.every(({ seen }) => seen.seqs.length >= last))
  for (const { seen } of feeds) expect(seen).toEqual({ seqs: range(1, last), snapshots: 1, errors: [] })
  plinth.close()
  await proxy.close()
})
