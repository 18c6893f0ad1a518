import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { draftOf, signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'
import { newId } from '../db/columns.ts'
import { forgetOldKeys } from './idempotency-key.ts'
import { idempotencyKeys } from './table.ts'

const app = await buildTestApp()
const titles = async (me: Awaited<ReturnType<typeof signedIn>>): Promise<string[]> =>
  (await me.browser.query('drafts.list')).json().result.data.items.map(({ title }: { title: string }) => title)

describe('an idempotency key', () => {
  it('may stand beside the input, and means the same there', async () => {
    const me = await signedIn(app)
    const idempotencyKey = newId()
    const first = await me.browser.mutate('drafts.create', { title: 'One', idempotencyKey })
    const second = await me.browser.mutate('drafts.create', { title: 'One' }, { 'idempotency-key': idempotencyKey })
    expect(second.json()).toEqual(first.json())
    expect(await titles(me)).toEqual(['One'])
  })

  it('belongs to one user, and so does the answer that is stored for it', async () => {
    const [me, other] = [await signedIn(app), await signedIn(app)]
    const key = { 'idempotency-key': 'once' }
    const create = async ({ browser }: typeof me, title: string) =>
      (await browser.mutate('drafts.create', { title }, key)).json()
    const [mine, theirs] = [await create(me, 'Mine'), await create(other, 'Theirs')]
    expect([await create(me, 'Mine'), await create(other, 'Theirs')]).toEqual([mine, theirs])
    expect([await titles(me), await titles(other)]).toEqual([['Mine'], ['Theirs']])
  })

  it('is free again when what it came with has failed', async () => {
    const me = await signedIn(app)
    const { id } = await draftOf(app, me)
    const other = await signedIn(app)
    const key = { 'idempotency-key': newId() }
    const pass = () => me.browser.mutate('drafts.passRing', { draftId: id, to: other.id }, key)
    expect((await pass()).json().error.data.code).toBe('NOT_A_COLLABORATOR')
    await me.browser.mutate('drafts.addCollaborator', { draftId: id, person: other.id })
    expect((await pass()).json().result.data.ringHolderId).toBe(other.id)
    // By now nobody else could: this is the answer of then.
    expect((await pass()).json().result.data.ringHolderId).toBe(other.id)
  })

  it('does not depend on the order of what is sent, nor on what means nothing', async () => {
    const me = await signedIn(app)
    const { id: draftId } = await draftOf(app, me)
    const key = { 'idempotency-key': newId() }
    expect((await me.browser.mutate('drafts.rename', { draftId, title: 'Two' }, key)).statusCode).toBe(200)
    expect((await me.browser.mutate('drafts.rename', { title: ' Two ', draftId, x: 1 }, key)).statusCode).toBe(200)
  })

  it.each(['', ' ', 'a b', 'ü', 'x'.repeat(256)])('%j is none, and says so', async (idempotencyKey) => {
    const me = await signedIn(app)
    const answer = await me.browser.mutate('drafts.create', { title: 'One', idempotencyKey })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error.data.details).toEqual([{ field: 'idempotencyKey', message: expect.any(String) }])
    expect(await titles(me)).toEqual([])
  })

  it('in the header of a batch is refused: it cannot be the key of each', async () => {
    const me = await signedIn(app)
    const batch = (inputs: object, headers: Record<string, string> = {}) =>
      me.browser.mutate('drafts.create,drafts.create?batch=1', inputs, headers)
    const refused = await batch({ 0: { title: 'A' }, 1: { title: 'B' } }, { 'idempotency-key': 'k' })
    expect(refused.json().map(({ error }: { error: { data: object } }) => error.data)).toEqual(
      [1, 2].map(() => expect.objectContaining({ code: 'VALIDATION_ERROR' })),
    )
    expect(await titles(me)).toEqual([])
    const keyed = { 0: { title: 'A', idempotencyKey: 'a' }, 1: { title: 'B', idempotencyKey: 'b' } }
    expect((await batch(keyed)).json()).toEqual((await batch(keyed)).json())
    expect((await titles(me)).sort()).toEqual(['A', 'B'])
  })

  it('holds over a socket too', async () => {
    const me = await signedIn(app)
    const socket = await TestSocket.openAs(await app.listen(), me.browser)
    const create = () => socket.call('mutation', 'drafts.create', { title: 'One', idempotencyKey: 'k' })
    expect((await create()).result).toEqual((await create()).result)
    expect(await titles(me)).toEqual(['One'])
    socket.ws.close()
  })

  it('is forgotten after a day', async () => {
    const me = await signedIn(app)
    const key = { 'idempotency-key': newId() }
    await me.browser.mutate('drafts.create', { title: 'One' }, key)
    await forgetOldKeys(app.database.db)
    await me.browser.mutate('drafts.create', { title: 'One' }, key)
    expect(await titles(me)).toHaveLength(1)
    await app.database.db.update(idempotencyKeys).set({ createdAt: sql`now() - interval '25 hours'` })
    expect(await forgetOldKeys(app.database.db)).toBeGreaterThan(0)
    await me.browser.mutate('drafts.create', { title: 'One' }, key)
    expect(await titles(me)).toHaveLength(2)
  })
})
