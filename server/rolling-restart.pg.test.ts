/** One of two instances is told to end under load, its place is taken by the other, and nobody loses anything by it. */
import { eq } from 'drizzle-orm'
import { v7 } from 'uuid'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { createPlinth, type LiveTransport } from '../client/plinth.ts'
import { drafts } from './features/drafts/table.ts'
import { withTransaction } from './platform/db/transaction.ts'
import { buildTestApp, publicUrl, testEnvironment } from './test/app.ts'
import { createTestDatabase } from './test/database.ts'
import { draftOf, range, signedIn } from './test/followers.ts'
import { rowsOf } from './test/rows.ts'
import { ServerProcess } from './test/server-process.ts'
import { TestSocket } from './test/socket.ts'
import { TcpProxy } from './test/tcp-proxy.ts'
import { until } from './test/until.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = testEnvironment({ DATABASE_URL: database.url, PORT: '0', LOG_LEVEL: 'info' })
/** Signs people in, and makes events. */
const { GOOGLE_ISSUER: _away, ...settings } = environment
const beside = await buildTestApp({ environment: settings })
const portOf = (url: string) => Number(new URL(url).port)

it('readiness goes first, what is under way is answered, sockets are told 1012, and feeds go on', async () => {
  const [old, next] = [new ServerProcess(environment), new ServerProcess(environment)]
  await Promise.all([old.ready(), next.ready()])
  const [oldUrl, nextUrl] = [await old.origin(), await next.origin()]
  const proxy = await TcpProxy.before(portOf(oldUrl))
  const url = `http://127.0.0.1:${proxy.port}`
  const owner = await signedIn(beside)
  const [followed, appended] = [await draftOf(beside, owner), await draftOf(beside, owner)]
  const headers = { origin: publicUrl, cookie: owner.browser.cookieHeader }

  const plinth = createPlinth({ url, headers })
  const transports: LiveTransport[] = ['websocket', 'sse', 'polling']
  const feeds = transports.flatMap((transport) => range(1, 5).map(() => followOn(transport)))
  function followOn(transport: LiveTransport) {
    const seen = { seqs: [] as number[], snapshots: 0, errors: [] as string[] }
    const draftId = followed.id
    const feed = plinth.live({
      follow: (lastEventId, handlers, by) =>
        plinth.drafts.onEvent.subscribe({ draftId, lastEventId }, { ...handlers, context: { transport: by } }),
      poll: (lastEventId) => plinth.drafts.events.query({ draftId, lastEventId }),
      snapshot: () => plinth.drafts.get.query({ draftId }),
      onSnapshot: () => seen.snapshots++,
      onEvent: ({ seq }) => seen.seqs.push(seq),
      onError: ({ code }) => seen.errors.push(code),
      transports: [transport],
    })
    return { feed, seen, transport }
  }
  const carried = () => feeds.every(({ feed, transport }) => feed.transport === transport)
  await until('every feed is live', carried)
  const sockets = await Promise.all(range(1, 50).map(() => TestSocket.openAs(oldUrl, owner.browser)))
  await Promise.all(sockets.map((socket) => socket.subscribe('drafts.onEvent', { draftId: followed.id })))

  let loading = true
  let written = 0
  onTestFinished(() => {
    loading = false
  })
  const writer = (async () => {
    for (; loading; written++) {
      await followed.tell('x', beside)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  })()
  const statuses = new Map<number | string, number>()
  const reader = async () => {
    const input = encodeURIComponent(JSON.stringify({ draftId: followed.id }))
    while (loading) {
      const status = await fetch(`${url}/trpc/drafts.get?input=${input}`, { headers }).then(
        async (answer) => (await answer.text()) && answer.status,
        () => 'no answer',
      )
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  const readers = range(1, 4).map(reader)
  await until('some load', () => written > 50 && (statuses.get(200) ?? 0) > 20)

  const append = () =>
    fetch(`${oldUrl}/trpc/drafts.append`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ draftId: appended.id, segmentId: v7(), text: 'under way' }),
    }).then(({ status, headers }) => [status, headers.get('connection')])
  const { db } = beside.database
  const waiting = async () =>
    rowsOf(
      await db.execute(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and application_name = 'plinth'`,
      ),
    ).length
  const { answers, exited, told } = await withTransaction(db, async (tx) => {
    await tx.select().from(drafts).where(eq(drafts.id, appended.id)).for('update')
    const answers = Promise.all(range(1, 5).map(append))
    answers.catch(() => {})
    await until('all wait', async () => (await waiting()) === 5)
    const told = performance.now()
    const exited = old.kill('SIGTERM')
    proxy.target = portOf(nextUrl)
    await until('it closes', () => old.logs.some(({ msg }) => msg === 'closing'))
    expect((await old.get('/readyz')).status).toBe(503)
    expect(sockets.filter(({ close }) => close)).toEqual([])
    return { answers, exited, told }
  })
  // And nothing more is to be sent on their connections, which are about to be closed.
  expect(await answers).toEqual(Array(5).fill([200, 'close']))
  const ends = await Promise.all(sockets.map((socket) => socket.closed()))
  expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([1012]))
  expect(await exited).toMatchObject({ code: 0, signal: null })
  const took = performance.now() - told
  expect(took).toBeLessThan(15_000)
  expect([old.errorLogs, old.stderr]).toEqual([[], ''])

  const backAt = written
  await until('every feed is live again', () => carried() && feeds.every(({ seen }) => seen.seqs.length > backAt))
  loading = false
  await Promise.all([writer, ...readers])
  await until('all events', () => feeds.every(({ seen }) => seen.seqs.length >= written))
  process.stdout.write(
    `ended ${Math.round(took)} ms after SIGTERM; ${written} events; answers ${JSON.stringify([...statuses])}\n`,
  )
  for (const { seen } of feeds) expect(seen).toEqual({ seqs: range(1, written), snapshots: 1, errors: [] })
  // Refused at once by who is about to go, or cut off while idle; both are tried again.
  expect([...statuses.keys()].filter((status) => ![200, 503, 'no answer'].includes(status))).toEqual([])
  const segments = (await owner.browser.query('drafts.get', { draftId: appended.id })).json().result.data.segments
  expect(segments).toHaveLength(5)
  plinth.close()
  await next.kill()
  await proxy.close()
}, 180_000)
