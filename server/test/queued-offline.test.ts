/** What may wait offline may come late and again: also when the server has long forgotten the key that it came with. */
import { describe, expect, it } from 'vitest'
import { namesWhatItMakes, type QueuedOffline, queuedOffline } from '../../shared/offline.ts'
import { newId } from '../platform/db/columns.ts'
import { idempotencyKeys } from '../platform/idempotency/table.ts'
import { channels } from '../platform/live/table.ts'
import { buildTestApp } from './app.ts'
import { procedures } from './calls.ts'
import { signedIn } from './followers.ts'

const app = await buildTestApp()
type Me = Awaited<ReturnType<typeof signedIn>>

async function made({ browser }: Me, path: 'tasks.create' | 'conversations.create', more = {}) {
  const id = newId()
  const answer = await browser.mutate(path, { [namesWhatItMakes[path]]: id, ...more })
  expect(answer.statusCode, answer.body).toBe(200)
  return id
}
const task = (me: Me) => made(me, 'tasks.create', { title: 'Water the plants' })
const conversation = (me: Me) => made(me, 'conversations.create')

const inputs: Record<QueuedOffline, (me: Me) => Promise<object>> = {
  'tasks.create': async () => ({ taskId: newId(), title: 'Water the plants' }),
  'tasks.update': async (me) => ({ taskId: await task(me), title: 'Water the trees', completed: true }),
  'tasks.complete': async (me) => ({ taskId: await task(me), completed: true }),
  'tasks.move': async (me) => {
    const [taskId, , after] = [await task(me), await task(me), await task(me)]
    return { taskId, after }
  },
  'tasks.delete': async (me) => ({ taskId: await task(me) }),
  'tasks.restore': async (me) => {
    const taskId = await task(me)
    await me.browser.mutate('tasks.delete', { taskId })
    return { taskId }
  },
  'conversations.create': async () => ({ conversationId: newId(), title: 'Plants' }),
  'conversations.rename': async (me) => ({ conversationId: await conversation(me), title: 'Trees' }),
  'conversations.messages.append': async (me) => ({
    conversationId: await conversation(me),
    messageId: newId(),
    content: 'How often?',
  }),
  'drafts.append': async ({ browser }) => {
    const { id } = (await browser.mutate('drafts.create', { title: 'Plants' })).json().result.data
    return { draftId: id, segmentId: newId(), text: 'We water them.' }
  },
}

describe.each(queuedOffline)('%s', (path) => {
  it('is a mutation that is recorded, and no hint', () => {
    const procedure = procedures.find((each) => each.path === path)
    expect(procedure).toMatchObject({ type: 'mutation', meta: { audit: { noun: expect.any(String) } } })
    expect(procedure?.meta?.hint).toBeUndefined()
  })

  it('comes again without a key that anybody knows: the same answer, and nobody hears of it twice', async () => {
    const me = await signedIn(app)
    const input = await inputs[path](me)
    const send = () => me.browser.mutate(path, input, { 'idempotency-key': 'once' })
    const first = await send()
    expect(first.statusCode, first.body).toBe(200)
    const heads = await app.database.db.select().from(channels)
    await app.database.db.delete(idempotencyKeys)
    expect((await send()).json()).toEqual(first.json())
    expect(await app.database.db.select().from(channels)).toEqual(heads)
  })
})
