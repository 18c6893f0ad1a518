/**
 * With `synchronous_commit = off` a crash of Postgres takes back commits that were acknowledged, told and read. What is written after it
 * gets their numbers.
 */
import { expect, it, onTestFinished } from 'vitest'
import { buildTestApp, quickChecks } from '../../test/app.ts'
import { draftOf, Log, plainEventsClient, plainSocketClient, range, signedIn } from '../../test/followers.ts'
import { PostgresServer } from '../../test/postgres-server.ts'
import { until } from '../../test/until.ts'

type Polled = { events: { seq: number }[]; cursor: string; resync: boolean }

it('a subscriber that received commits which a crash undid gets a resync', async () => {
  // Commits are flushed every ten seconds, and when a session waits for one.
  const postgres = await PostgresServer.create({ synchronous_commit: 'off', wal_writer_delay: '10s' })
  onTestFinished(() => postgres.close())
  const app = await buildTestApp({ environment: { DATABASE_URL: postgres.url() }, times: quickChecks })
  const url = await app.listen()
  const owner = await signedIn(app)
  const draft = await draftOf(app, owner)
  const poll = async (lastEventId?: string): Promise<Polled> =>
    (await owner.browser.query('drafts.events', { draftId: draft.id, lastEventId })).json().result.data
  const seqOf = (cursor: string) => Number(cursor.split(':')[1])
  const stays = new Log()
  const { trpc, close } = plainSocketClient(url, owner.browser)
  onTestFinished(close)
  trpc.drafts.onEvent.subscribe({ draftId: draft.id }, stays.handlers)
  const flush = () =>
    postgres.query(
      (sql) => sql`
      with flushed as (select set_config('synchronous_commit', 'on', false)) select pg_logical_emit_message(true, 'flush', '') from flushed`,
    )

  let lost = ':0'
  let head = 0
  // The moment of writing out may come in between; then nothing was lost.
  for (let attempt = 0; attempt < 5 && head === seqOf(lost); attempt++) {
    await draft.tell('stored')
    await flush()
    for (let n = 0; n < 4; n++) await draft.tell('lost')
    lost = (await poll()).cursor
    await until('all', () => stays.seqs.at(-1) === seqOf(lost))
    await postgres.stopImmediately()
    await postgres.start()
    await until('ready', async () => (await app.browser().get('/readyz')).statusCode === 200)
    head = seqOf((await poll()).cursor)
  }
  expect(head).toBeLessThan(seqOf(lost))
  for (let n = 0; n < 6; n++) await draft.tell('anew')
  expect(seqOf((await poll()).cursor)).toBeGreaterThan(seqOf(lost))

  expect(await poll(lost)).toMatchObject({ events: [], resync: true })
  const [bySocket, byEvents] = [new Log(), new Log()]
  trpc.drafts.onEvent.subscribe({ draftId: draft.id, lastEventId: lost }, bySocket.handlers)
  const stream = plainEventsClient(url, owner.browser)
  const input = { draftId: draft.id, lastEventId: lost }
  const { unsubscribe } = stream.drafts.onEvent.subscribe(input, byEvents.handlers)
  onTestFinished(unsubscribe)
  const away = [bySocket, byEvents]
  await until('the word', () => [...away, stays].every(({ types }) => types.includes('resync')))
  await draft.tell('next')
  const next = head + 7
  await until('the next', () => [...away, stays].every(({ seqs }) => seqs.at(-1) === next))
  for (const { types, seqs } of away) expect([types, seqs]).toEqual([['ready', 'resync', 'draft.updated'], [next]])
  const after = stays.messages.slice(stays.types.lastIndexOf('resync')).map(({ id }) => seqOf(id))
  expect(after).toEqual(range(after[0] as number, next))
})
