import { expect, it } from 'vitest'
import type { ListPage } from '../../../../client/channel.ts'
import { KnownRows } from '../../../../client/known-rows.ts'
import { OptimisticRows } from '../../../../client/optimistic-rows.ts'
import type { Conversation, ConversationListEvent } from '../../../../shared/conversations.ts'
import { conversationRules } from './conversation-rules.ts'

type Step = (known: KnownRows<Conversation, 'all'>) => unknown

const at = (minute: number) => `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`
const named = (id: string, version: number, minute: number): Conversation => {
  return { id, title: `${id}${version}`, messageCount: 0, version, createdAt: at(0), updatedAt: at(minute) }
}
const page = (items: Conversation[], nextCursor: string | null = null): ListPage<Conversation> => {
  return { items, pagination: { nextCursor, total: items.length } }
}
const snapshot =
  (items: Conversation[], nextCursor: string | null = null): Step =>
  (known) =>
    known.takeSnapshot('all', [page(items, nextCursor)])
const event =
  (happened: Record<string, unknown>): Step =>
  (known) =>
    known.take(conversationRules.read({ seq: 1, at: at(0), actorId: null, ...happened } as ConversationListEvent))
const changed = (conversation: Conversation) => event({ type: 'conversation.updated', conversation })
const knownAfter = (...steps: Step[]) => {
  const known = new KnownRows(conversationRules)
  for (const step of steps) step(known)
  return known
}
const titlesAfter = (...steps: Step[]) => knownAfter(...steps).inOrder.map(({ title }) => title)

it('puts the newest activity first, by version in whatever order changes come', () => {
  const both = snapshot([named('a', 1, 1), named('b', 1, 2)])
  expect(titlesAfter(both, changed(named('a', 3, 4)), changed(named('a', 2, 3)))).toEqual(['a3', 'b1'])
  expect(titlesAfter(both, changed(named('a', 3, 4)), both)).toEqual(['a3', 'b1'])
  // One from further down, which was not loaded.
  expect(titlesAfter(both, changed(named('c', 7, 9)))).toEqual(['c7', 'b1', 'a1'])
})

it('adds further pages without doubling what moved meanwhile', () => {
  const more: Step = (known) => known.takePage('all', 'next', page([named('a', 1, 1), named('z', 1, 0)]))
  expect(titlesAfter(snapshot([named('b', 1, 2)], 'next'), changed(named('a', 2, 5)), more)).toEqual(['a2', 'b1', 'z1'])
})

it('does not restore what was deleted', () => {
  const list = snapshot([named('b', 1, 2), named('a', 1, 1)], 'next')
  const deletion = event({ type: 'conversation.deleted', conversationId: 'a' })
  const more: Step = (known) => known.takePage('all', 'next', page([named('a', 1, 1)]))
  expect(titlesAfter(list, deletion, more, changed(named('a', 2, 3)), list)).toEqual(['b1'])
})

it('has what queued calls create on top, the newest first, under its latest name', () => {
  const known = knownAfter(snapshot([named('a', 1, 1)]))
  const calls = [
    { path: 'conversations.create', input: { conversationId: 'n', title: 'New' } },
    { path: 'conversations.create', input: { conversationId: 'o' } },
    { path: 'conversations.rename', input: { conversationId: 'n', title: 'Newer' } },
    { path: 'conversations.rename', input: { conversationId: 'a', title: null } },
  ].map((call) => ({ id: 'call', queuedAt: at(9), ...call }))
  const { rows } = new OptimisticRows(known, conversationRules, calls).shown('all')
  expect(rows.map(({ id, title }) => [id, title])).toEqual([
    ['o', null],
    ['n', 'Newer'],
    ['a', null],
  ])
  const unloaded = new OptimisticRows(new KnownRows(conversationRules), conversationRules, calls).shown('all')
  expect([unloaded.isLoaded, unloaded.rows.map(({ id }) => id)]).toEqual([false, ['o', 'n']])
})
