/** Changes that wait to be sent: in which order, how often, as whom, and what becomes of them when things go wrong. */
import 'fake-indexeddb/auto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { IDBFactory } from 'fake-indexeddb'
import { v7 as newId } from 'uuid'
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { buildTestApp, publicUrl } from '../server/test/app.ts'
import { TcpProxy } from '../server/test/tcp-proxy.ts'
import { until } from '../server/test/until.ts'
import { queuedOffline } from '../shared/offline.ts'
import { errorCode, toPlinthError } from './errors.ts'
import { createOutbox, type StoredEntry } from './outbox.ts'
import type { OutboxStore } from './outbox-store.ts'
import { createPlinth } from './plinth.ts'

const app = await buildTestApp()
const proxy = await TcpProxy.before(Number(new URL(await app.listen()).port))
afterAll(() => proxy.close())
const url = `http://127.0.0.1:${proxy.port}`

/** How many of the next answers are cut off when everything has been done. */
let lost = 0
/** How many of the next answers never come, on connections that stay open. */
let silent = 0
/** How many of the next mutations are refused for having been too often. */
let tooOften = 0
const sent: { key: string | undefined; personId: unknown }[] = []
app.root.server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
  if (request.method !== 'POST') return
  sent.push({ key: request.headers['idempotency-key']?.toString(), personId: request.headers['plinth-person'] })
  if (silent-- > 0) response.end = () => response
  else if (lost-- > 0)
    response.end = () => {
      proxy.cut()
      return response
    }
})
app.inside.callBudgets.spend = new Proxy(app.inside.callBudgets.spend, {
  apply: async (spend, budgets, args) => {
    const spent = await Reflect.apply(spend, budgets, args)
    return tooOften > 0 && tooOften-- ? { ...spent, isOver: true, resetS: 1 } : spent
  },
})

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
  proxy.mode = 'pass'
  sent.length = lost = silent = tooOften = 0
})

function pageOf(cookie: string) {
  const client = createPlinth({ url, headers: { cookie, origin: publicUrl }, pace: 0.05 })
  const open = (store?: OutboxStore | null, pace = 0.05) => {
    const outbox = createOutbox(client, { procedures: queuedOffline, pace, ...(store !== undefined && { store }) })
    onTestFinished(() => outbox.close())
    return outbox
  }
  return { client, open }
}

/** Somebody signed in, whose page may be opened several times. */
async function someone() {
  const { cookieHeader } = await app.signIn()
  const { client, open } = pageOf(cookieHeader)
  const { id } = await client.account.me.query()
  client.actAs(id)
  const titles = async () => (await client.tasks.list.query()).items.map(({ title }) => title).reverse()
  return { id, cookieHeader, client, open, titles }
}

type Outbox = ReturnType<Awaited<ReturnType<typeof someone>>['open']>

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i + 1))
const create = (outbox: Outbox, title: string) => outbox.queue('tasks.create', { taskId: newId(), title })
const shown = ({ entries }: Outbox) => entries.map(({ input, state }) => `${'title' in input && input.title} ${state}`)
const emptied = (outbox: Outbox) => until('the outbox to be empty', () => outbox.entries.length === 0)
const goAway = () => {
  proxy.mode = 'hang-up'
  proxy.cut()
}
const comeBack = (...pages: Outbox[]) => {
  proxy.mode = 'pass'
  for (const page of pages) page.resume()
}

describe('what is queued', () => {
  it('is sent in its order, and once though answers are lost, and is in sight until it is answered', async () => {
    const me = await someone()
    const outbox = me.open()
    const answered: string[] = []
    outbox.onAnswer((entry) => {
      expect(outbox.entries.map(({ id }) => id)).toContain(entry.id)
      if (entry.path === 'tasks.create') answered.push(entry.answer.title)
    })
    lost = 2
    const queued = numbers(5).map((title) => create(outbox, title))
    expect(shown(outbox)).toEqual(numbers(5).map((title) => `${title} writing`))
    await Promise.all(queued.map(({ settled }) => settled))
    expect([await me.titles(), answered, outbox.entries]).toEqual([numbers(5), numbers(5), []])
    const keys = queued.map(({ id }) => id)
    expect(sent).toEqual([keys[0], keys[0], ...keys].map((key) => ({ key, personId: me.id })))
  })

  it('outlives the page that it was queued in, also one that had just sent it', async () => {
    const me = await someone()
    const before = me.open()
    silent = 1
    const queued = numbers(3).map((title) => create(before, title))
    await until('the first to be sent', () => sent.length === 1)
    await queued[2]?.written
    expect(shown(before)).toEqual(['1 sending', '2 queued', '3 queued'])
    before.close()
    me.open()
    await until('all to be sent', async () => (await me.titles()).length === 3)
    expect(await me.titles()).toEqual(numbers(3))
    expect(sent.map(({ key }) => key)).toEqual([queued[0]?.id, ...queued.map(({ id }) => id)])
  })

  it('is “writing” until it is stored', async () => {
    const me = await someone()
    goAway()
    const rows: StoredEntry[] = []
    const { promise: disk, resolve: write } = Promise.withResolvers<void>()
    const outbox = me.open({
      async add(entry) {
        await disk
        return rows.push({ ...entry, order: 1 })
      },
      list: async () => rows,
      put: async () => {},
      remove: async () => {},
      owners: async () => [],
      removeAllOf: async () => {},
    })
    const { written } = create(outbox, '1')
    await me.client.account.me.query().catch(() => {})
    expect(shown(outbox)).toEqual(['1 writing'])
    write()
    await written
    expect(shown(outbox)[0]).toMatch(/^1 (queued|sending)$/)
  })

  it('waits while the server is away, and goes on in its order', async () => {
    const me = await someone()
    goAway()
    const outbox = me.open()
    for (const title of numbers(10)) create(outbox, title)
    await outbox.queue('tasks.create', { taskId: newId(), title: '11' }).written
    const tries = proxy.accepted
    await until('it to be tried', () => proxy.accepted > tries)
    expect(shown(outbox)[10]).toBe('11 queued')
    comeBack(outbox)
    await emptied(outbox)
    expect(await me.titles()).toEqual(numbers(11))
  })

  it('is reported as held up from the first try without a response until there is one', async () => {
    const me = await someone()
    goAway()
    const outbox = me.open()
    create(outbox, '1')
    expect(outbox.isHeldUp).toBe(false)
    await until('a try to fail', () => outbox.isHeldUp)
    create(outbox, '2')
    comeBack(outbox)
    await until('the first to be sent', () => shown(outbox).length < 2)
    expect(outbox.isHeldUp).toBe(false)
    await emptied(outbox)
  })

  it('is sent without a key where the id of what it makes is one, and takes effect once though its response is lost', async () => {
    const me = await someone()
    const { id: draftId } = await me.client.drafts.create.mutate({ title: 'Spring plan' })
    const outbox = me.open()
    sent.length = 0
    lost = 1
    const segmentId = newId()
    const { settled } = outbox.queue('drafts.append', { draftId, segmentId, text: 'Once' })
    expect(await settled).toMatchObject({ id: segmentId, position: 1 })
    expect(sent.map(({ key }) => key)).toEqual([undefined, undefined])
    expect((await me.client.drafts.get.query({ draftId })).segments).toMatchObject([{ id: segmentId, text: 'Once' }])
  })

  it.each(['was told to', 'heard of a network'])('goes on soon when it %s during a try that fails', async (why) => {
    const window = new EventTarget()
    for (const name of ['addEventListener', 'removeEventListener'] as const)
      vi.stubGlobal(name, window[name].bind(window))
    onTestFinished(() => void vi.unstubAllGlobals())
    const me = await someone()
    goAway()
    const outbox = me.open(undefined, 1)
    for (const title of numbers(6)) {
      const tries = proxy.accepted
      create(outbox, title)
      await until('it to be tried', () => proxy.accepted > tries)
    }
    silent = 1
    comeBack(outbox)
    await until('the first to be sent', () => sent.length === 1)
    if (why === 'was told to') outbox.resume()
    else window.dispatchEvent(new Event('online'))
    proxy.cut()
    await emptied(outbox)
    expect(await me.titles()).toEqual(numbers(6))
  })

  it('waits as long as the server says when that was too often', async () => {
    const me = await someone()
    const outbox = me.open()
    tooOften = 1
    const began = Date.now()
    await create(outbox, 'Patient').settled
    expect(Date.now() - began).toBeGreaterThanOrEqual(999)
    expect(await me.titles()).toEqual(['Patient'])
  })

  it('is nobody’s when nobody is signed in, and nothing that may not wait', async () => {
    const outbox = pageOf('').open()
    expect(() => create(outbox, 'Whose?')).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }))
    expect(() => outbox.queue('account.rename' as 'tasks.create', { taskId: newId(), title: '' })).toThrow(TypeError)
  })
})

describe('what the server refuses', () => {
  it('stays with its reason, over a reload too, while the others pass it', async () => {
    const me = await someone()
    const before = me.open()
    const taskId = newId()
    const refused = before.queue('tasks.complete', { taskId, completed: true })
    create(before, 'After it')
    expect(await refused.settled.catch(errorCode)).toBe('NOT_FOUND')
    await until('the other to be sent', () => before.entries.length === 1)
    const [entry] = before.entries
    expect(entry).toMatchObject({ state: 'refused', refusal: { code: 'NOT_FOUND', requestId: expect.any(String) } })
    before.close()

    const after = me.open()
    await until('it to be read', () => after.entries.length === 1)
    expect(after.entries).toEqual([entry])
    await me.client.tasks.create.mutate({ taskId, title: 'There now' })
    await after.tryAgain(refused.id)
    await emptied(after)
    expect((await me.client.tasks.get.query({ taskId })).completed).toBe(true)
    expect(sent.filter(({ key }) => key === refused.id)).toHaveLength(2)
  })

  it('names each faulty field, and is gone for good when it is discarded', async () => {
    const me = await someone()
    const outbox = me.open()
    const { settled, id } = create(outbox, 'x'.repeat(201))
    expect(toPlinthError(await settled.catch((error) => error)).details).toEqual([
      { field: 'title', message: expect.any(String) },
    ])
    expect([await outbox.discard(id), await outbox.discard(id)]).toEqual([true, false])
    outbox.close()
    const after = me.open()
    await create(after, 'Next').settled
    expect([await me.titles(), after.entries]).toEqual([['Next'], []])
  })

  it('is tried again when it is a fault of the server’s, and not for ever', async () => {
    const me = await someone()
    app.expectErrorLog(/broken/)
    const transaction = vi.spyOn(app.database.db, 'transaction').mockRejectedValue(new Error('broken'))
    const outbox = me.open()
    const failing = create(outbox, 'Unlucky')
    expect(await failing.settled.catch(errorCode)).toBe('INTERNAL_ERROR')
    expect(sent).toHaveLength(3)
    transaction.mockRestore()
    await outbox.tryAgain(failing.id)
    await emptied(outbox)
    expect(await me.titles()).toEqual(['Unlucky'])
  })
})

describe('two pages with one store', () => {
  it('show the same, send each entry once, and both have its answer', async () => {
    const me = await someone()
    const [a, b] = [me.open(), me.open()]
    goAway()
    const queued = numbers(6).map((title, i) => create(i % 2 ? a : b, title))
    for (const { written } of queued) await written
    await until('both to show all', () => a.entries.length + b.entries.length === 12)
    expect(shown(a).map((line) => line.split(' ')[0])).toEqual(shown(b).map((line) => line.split(' ')[0]))
    const heard: string[][] = [[], []]
    for (const [i, page] of [a, b].entries())
      page.onAnswer((entry) => entry.path === 'tasks.create' && heard[i]?.push(entry.answer.title))
    const order = a.entries.map(({ input }) => ('title' in input ? input.title : ''))
    comeBack(a, b)
    await Promise.all(queued.map(({ settled }) => settled))
    await Promise.all([emptied(a), emptied(b)])
    expect([await me.titles(), ...heard]).toEqual([order, order, order])
    expect(sent).toHaveLength(6)
  })

  it('lose all entries of one user at once, also by the page of the next user, who loses none', async () => {
    const [me, next] = [await someone(), await someone()]
    const [a, b, theirs] = [me.open(), me.open(), next.open()]
    goAway()
    const mine = [create(a, 'Mine'), create(b, 'Mine too')]
    for (const { written } of [...mine, create(theirs, 'Theirs')]) await written
    expect((await theirs.owners()).sort()).toEqual([me.id, next.id].sort())
    await theirs.discardAllOf(me.id)
    await until('my pages to hear of it', () => a.entries.length + b.entries.length === 0)
    for (const { settled } of mine) await expect(settled).rejects.toThrow('discarded')
    expect(await theirs.owners()).toEqual([next.id])
    // It is being sent again and again meanwhile.
    expect(shown(theirs)).toEqual([expect.stringMatching(/^Theirs (queued|sending)$/)])
    comeBack(a, b, theirs)
    await emptied(theirs)
    expect([await me.titles(), await next.titles(), await theirs.owners()]).toEqual([[], ['Theirs'], []])
  })

  it('go on with what the other was sending when it died', async () => {
    const me = await someone()
    const dying = me.open()
    silent = 1
    const { id } = create(dying, 'In its hands')
    await until('it to be sent', () => sent.length === 1)
    const other = me.open()
    await until('the other to show it', () => other.entries.length === 1)
    expect(sent).toHaveLength(1)
    dying.close()
    await emptied(other)
    expect([await me.titles(), sent.map(({ key }) => key)]).toEqual([['In its hands'], [id, id]])
  })

  it('let an entry take effect once also where there are no locks', async () => {
    const me = await someone()
    vi.spyOn(navigator, 'locks', 'get').mockReturnValue(undefined as never)
    const [a, b] = [me.open(), me.open()]
    for (const title of numbers(4)) await create(a, title).written
    await Promise.all([emptied(a), emptied(b)])
    expect((await me.titles()).sort()).toEqual(numbers(4))
    vi.restoreAllMocks()
  })
})

describe('another person', () => {
  it('has entries of their own, and sends and sees nobody else’s', async () => {
    const [me, other] = [await someone(), await someone()]
    goAway()
    const outbox = me.open()
    await create(outbox, 'Mine').written
    me.client.actAs(other.id)
    expect(outbox.entries).toEqual([])
    me.client.actAs(null)
    expect(outbox.entries).toEqual([])
    comeBack(outbox)
    const theirs = other.open()
    await create(theirs, 'Theirs').settled
    me.client.actAs(me.id)
    await until('mine to be sent', async () => (await me.titles()).length === 1)
    expect([await me.titles(), await other.titles()]).toEqual([['Mine'], ['Theirs']])
    expect(sent.map(({ personId }) => personId).sort()).toEqual([me.id, other.id].sort())
  })

  it('in the browser’s session meanwhile: nothing is done as them, and it goes on when its person is back', async () => {
    const [me, other] = [await someone(), await someone()]
    // What the browser holds by now, while the page still shows whom it showed.
    const { client, open } = pageOf(other.cookieHeader)
    client.actAs(me.id)
    const outbox = open()
    create(outbox, 'Mine')
    await until('it to stop', () => outbox.stopped !== null)
    expect([outbox.stopped?.code, shown(outbox), sent]).toEqual([
      'PERSON_CHANGED',
      ['Mine queued'],
      [expect.anything()],
    ])
    expect([await me.titles(), await other.titles()]).toEqual([[], []])
    outbox.close()
    me.open()
    await until('it to be sent', async () => (await me.titles())[0] === 'Mine')
  })

  it('of the same name signed out: stops, and goes on when they are signed in again', async () => {
    const me = await someone()
    const { client, open } = pageOf('')
    client.actAs(me.id)
    const outbox = open()
    create(outbox, 'Waiting')
    await until('it to stop', () => outbox.stopped?.code === 'UNAUTHENTICATED')
    client.actAs(null)
    expect(shown(outbox)).toEqual(['Waiting queued'])
    outbox.close()
    me.open()
    await until('it to be sent', async () => (await me.titles())[0] === 'Waiting')
  })
})

describe('storage that fails', () => {
  const failing = () => Promise.reject(new DOMException('No room', 'QuotaExceededError'))

  it('altogether: what is queued lives in memory, in its order, and says so', async () => {
    const me = await someone()
    const outbox = me.open({
      add: failing,
      list: failing,
      put: failing,
      remove: failing,
      owners: failing,
      removeAllOf: failing,
    })
    goAway()
    for (const title of numbers(3)) await create(outbox, title).written
    expect([outbox.durable, shown(outbox).length]).toEqual([false, 3])
    comeBack(outbox)
    await emptied(outbox)
    expect([await me.titles(), sent.length]).toEqual([numbers(3), 3])
  })

  it('is so too where there is none', async () => {
    const me = await someone()
    const outbox = me.open(null)
    const refused = create(outbox, '')
    await create(outbox, 'Kept').settled
    expect(await refused.settled.catch(errorCode)).toBe('VALIDATION_ERROR')
    expect([outbox.durable, await me.titles(), shown(outbox)]).toEqual([false, ['Kept'], [' refused']])
  })

  it('for a while: the order holds between what is stored and what is not', async () => {
    const me = await someone()
    let next = 0
    const rows = new Map<number, Parameters<OutboxStore['put']>[0]>()
    const outbox = me.open({
      async add(entry) {
        if (['2', '3'].includes((entry.input as { title: string }).title)) return failing()
        rows.set(++next, { ...entry, order: next })
        return next
      },
      list: async () => [...rows.values()],
      put: failing,
      remove: async ({ order }) => void rows.delete(order),
      owners: async () => [...new Set([...rows.values()].map(({ personId }) => personId))],
      removeAllOf: failing,
    })
    goAway()
    for (const title of numbers(5)) await create(outbox, title).written
    expect([outbox.durable, rows.size]).toEqual([false, 3])
    comeBack(outbox)
    await emptied(outbox)
    expect([outbox.durable, await me.titles()]).toEqual([true, numbers(5)])
  })

  it('for a while: stored entries that cannot be read then are sent once they can, without another call', async () => {
    const me = await someone()
    const rows: Parameters<OutboxStore['put']>[0][] = []
    let reads = 0
    let unreadable = 0
    const outbox = me.open({
      async add(entry) {
        rows.push({ ...entry, order: 1 })
        // When it is shown, and when it would be sent.
        unreadable = 2
        return 1
      },
      async list() {
        reads++
        return unreadable > 0 && unreadable-- ? failing() : [...rows]
      },
      put: failing,
      remove: async () => void rows.pop(),
      owners: async () => rows.map(({ personId }) => personId),
      removeAllOf: failing,
    })
    await until('it to have nothing to send', () => reads === 2)
    await create(outbox, 'Stored').settled
    expect([await me.titles(), rows, outbox.durable]).toEqual([['Stored'], [], true])
  })
})
