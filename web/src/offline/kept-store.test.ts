/** What is kept of what was loaded: whose, how long, how much, and that no secret is among it. */
import 'fake-indexeddb/auto'
import { beforeEach, expect, it, vi } from 'vitest'
import { procedures } from '../../../server/test/calls.ts'
import { products } from '../products/products.ts'
import { claimKept, forgetKept, type KeptQuery, keptForMs, readKept, writeKept } from './kept-store.ts'
import { StoredList } from './stored-list.ts'

const query = (name: string, data: unknown = name, dataUpdatedAt = Date.now()) =>
  ({
    queryKey: [[name]],
    queryHash: name,
    dehydratedAt: Date.now(),
    state: { data, dataUpdatedAt, status: 'success' },
  }) as unknown as KeptQuery

const namesKept = async () => (await readKept())?.queries.map(({ queryHash }) => queryHash).sort()

beforeEach(async () => {
  await forgetKept()
  await claimKept('mira')
})

it('is its person’s alone, and nothing of the one before is left', async () => {
  const queries = [query('a'), query('b')]
  await writeKept('mira', queries)
  expect(await readKept()).toEqual({ personId: 'mira', queries })
  await claimKept('mira')
  expect(await namesKept()).toEqual(['a', 'b'])
  await claimKept('jon')
  expect(await readKept()).toEqual({ personId: 'jon', queries: [] })
  // From a tab that has not heard of it yet.
  await writeKept('mira', [query('late')])
  expect(await namesKept()).toEqual([])
  await forgetKept()
  await writeKept('jon', [query('later')])
  expect(await readKept()).toBeNull()
})

it('is no older than a week, not too much, and gone with what it was of', async () => {
  await writeKept('mira', [query('old', 1, Date.now() - keptForMs), query('new'), query('big', 'x'.repeat(1_000_001))])
  expect(await namesKept()).toEqual(['new'])
  await writeKept('mira', [query('newer')], ['new'])
  expect(await namesKept()).toEqual(['newer'])
  vi.useFakeTimers({ now: Date.now() + keptForMs, toFake: ['Date'] })
  try {
    expect(await namesKept()).toEqual([])
  } finally {
    vi.useRealTimers()
  }
  await writeKept(
    'mira',
    Array.from({ length: 50 }, (_, i) => query(`q${i}`, new Map([[i, i]]), Date.now() + i)),
  )
  expect((await namesKept())?.length).toBe(40)
  expect(await namesKept()).not.toContain('q0')
})

it('is read however long a busy browser takes to open it', async () => {
  await writeKept('mira', [query('a')])
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  try {
    const reading = readKept()
    vi.advanceTimersByTime(10_000)
    expect((await reading)?.queries.map(({ queryHash }) => queryHash)).toEqual(['a'])
  } finally {
    vi.useRealTimers()
  }
})

it('still names its user when so much was loaded since that the oldest rows were dropped', async () => {
  await writeKept('mira', [query('["session"]', 'mira', Date.now() - 1000)])
  await writeKept(
    'mira',
    Array.from({ length: 50 }, (_, i) => query(`q${i}`, i, Date.now() + i)),
  )
  const names = await namesKept()
  expect([names?.length, names?.includes('["session"]')]).toEqual([41, true])
})

it('is nothing but what is on the list: of all queries, those of tasks and conversations', () => {
  const list = new StoredList(products)
  const kept = procedures.filter(({ path }) => list.has([path.split('.'), { type: 'query' }])).map(({ path }) => path)
  expect(kept.sort()).toEqual([
    'conversations.assistant',
    'conversations.get',
    'conversations.list',
    'conversations.messages.list',
    'tasks.get',
    'tasks.list',
  ])
  for (const key of [['session'], ['tasks in sight'], ['conversation', 'id']]) expect(list.has(key)).toBe(true)
  for (const key of [['mails'], [], [['apiKeys', 'list']], ['secret']]) expect(list.has(key)).toBe(false)
})
