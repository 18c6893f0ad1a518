/** The answer to a mutation is lost on its way: what the caller and the database know of it afterwards. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { buildTestApp, publicUrl } from '../server/test/app.ts'
import { TcpProxy } from '../server/test/tcp-proxy.ts'
import { until } from '../server/test/until.ts'
import { createPlinth, errorCode } from './plinth.ts'

const app = await buildTestApp()
const proxy = await TcpProxy.before(Number(new URL(await app.listen()).port))
afterAll(() => proxy.close())

/** How many of the next answers to mutations are cut off when everything has been done. */
let lost = 0
/** How many of the next answers to mutations never come, on connections that stay open. */
let silent = 0
const keys: (string | undefined)[] = []
const meantFor: unknown[] = []
app.root.server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
  if (request.method !== 'POST') return
  keys.push(request.headers['idempotency-key']?.toString())
  meantFor.push(request.headers['plinth-person'])
  if (silent-- > 0) {
    response.end = () => response
    return
  }
  if (lost <= 0) return
  response.end = () => {
    lost--
    proxy.cut()
    return response
  }
})
afterEach(() => {
  vi.restoreAllMocks()
  lost = 0
  silent = 0
  keys.length = 0
  meantFor.length = 0
})

async function someone(pace = 0.05) {
  const { cookieHeader: cookie } = await app.signIn()
  const client = createPlinth({ url: `http://127.0.0.1:${proxy.port}`, headers: { cookie, origin: publicUrl }, pace })
  return { client, titles: async () => (await client.drafts.list.query()).items.map(({ title }) => title) }
}

describe('a mutation whose answer is lost', () => {
  it('is asked again under its key, and has taken effect once', async () => {
    const { client, titles } = await someone()
    lost = 2
    const made = await client.drafts.create.mutate({ title: 'Once' })
    expect(made.title).toBe('Once')
    expect(await titles()).toEqual(['Once'])
    expect(keys).toEqual([keys[0], keys[0], keys[0]])
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
  })

  it('fails when that goes on, and may be asked again later under a key that the caller has kept', async () => {
    const { client, titles } = await someone()
    const create = () => client.drafts.create.mutate({ title: 'Kept' }, { context: { idempotencyKey: 'kept' } })
    lost = 5
    expect(await create().catch(errorCode)).toBe('NETWORK_ERROR')
    expect(keys).toEqual(Array(5).fill('kept'))
    const [made, again] = [await create(), await create()]
    expect(again).toEqual(made)
    expect(await titles()).toEqual(['Kept'])
  })

  it('is asked again when nothing comes in time', async () => {
    const { client, titles } = await someone()
    silent = 1
    const time = new AbortController()
    const limit = vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(time.signal)
    const making = client.drafts.create.mutate({ title: 'Late' })
    await until('the first try', () => keys.length === 1)
    expect(limit).toHaveBeenCalledWith(15_000)
    time.abort(new DOMException('too late', 'TimeoutError'))
    expect((await making).title).toBe('Late')
    expect(keys).toEqual([keys[0], keys[0]])
    expect(await titles()).toEqual(['Late'])
  })

  it.each([
    ['waits for its answer', 'silent'],
    ['waits for the next try', 'pause'],
    ['has not begun', 'before'],
  ] as const)('ends at once, and is not asked again, when its caller gives it up while it %s', async (_, when) => {
    // So that the last try is waited for while it is given up.
    const { client } = await someone(when === 'pause' ? 1 : undefined)
    const caller = new AbortController()
    if (when === 'silent') silent = 1
    if (when === 'pause') lost = 5
    if (when === 'before') caller.abort()
    const tries = { silent: 1, pause: 3, before: 0 }[when]
    const call = client.drafts.create.mutate({ title: 'Never mind' }, { signal: caller.signal }).catch(errorCode)
    await until('the tries', () => keys.length === tries && (when !== 'pause' || lost === 2))
    // Over a connection of its own, so longer than the end of the last one takes to be seen.
    if (when === 'pause') await client.account.me.query()
    caller.abort()
    expect(await Promise.race([call, setImmediate('going on')])).toBe('NETWORK_ERROR')
    expect(keys).toHaveLength(tries)
  })

  it('has a key of its own, though it were the same as another', async () => {
    const { client, titles } = await someone()
    await Promise.all([1, 2, 3].map(() => client.drafts.create.mutate({ title: 'Thrice' })))
    expect(await titles()).toEqual(['Thrice', 'Thrice', 'Thrice'])
    expect(new Set(keys).size).toBe(3)
  })

  it('is not asked again when it was refused', async () => {
    const { client } = await someone()
    expect(await client.drafts.create.mutate({ title: '' }).catch(errorCode)).toBe('VALIDATION_ERROR')
    expect(keys).toHaveLength(1)
  })

  it('is asked once when it is a hint', async () => {
    const { client, titles } = await someone()
    lost = 1
    const context = { hint: true }
    expect(await client.drafts.create.mutate({ title: 'By the way' }, { context }).catch(errorCode)).toBe(
      'NETWORK_ERROR',
    )
    expect([keys.length, await titles()]).toEqual([1, ['By the way']])
  })

  it('is asked again for the person whose page asked, whoever the page shows by then', async () => {
    const { client } = await someone()
    const { id } = await client.account.me.query()
    client.actAs(id)
    lost = 1
    const making = client.drafts.create.mutate({ title: 'Mine' })
    await until('the first try', () => keys.length === 1)
    client.actAs('somebody-else')
    expect((await making).title).toBe('Mine')
    expect(meantFor).toEqual([id, id])
  })

  it('may name what it makes by itself', async () => {
    const { client } = await someone()
    const { id: draftId } = await client.drafts.create.mutate({ title: 'Plan' })
    keys.length = 0
    lost = 1
    const segmentId = crypto.randomUUID()
    await client.drafts.append.mutate({ draftId, segmentId, text: 'x' }, { context: { idempotencyKey: null } })
    expect(keys).toEqual([undefined, undefined])
    expect((await client.drafts.get.query({ draftId })).segments).toHaveLength(1)
  })
})
