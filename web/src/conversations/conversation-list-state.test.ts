import { expect, it } from 'vitest'
import type { Conversation } from '../../../shared/conversations.ts'
import { type ConversationListAction, initialListState, reduceList } from './conversation-list-state.ts'

const named = (id: string, version: number, minute: number): Conversation => {
  const updatedAt = `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`
  return { id, title: `${id}${version}`, messageCount: 0, version, createdAt: updatedAt, updatedAt }
}
const titlesAfter = (...actions: ConversationListAction[]) =>
  actions.reduce(reduceList, initialListState).conversations?.map(({ title }) => title)
const snapshot = (...items: Conversation[]): ConversationListAction => ({ type: 'snapshot', items, nextCursor: null })
const changed = (conversation: Conversation): ConversationListAction => ({ type: 'changed', conversation })

it('puts what happened last first, by version whatever comes in which order', () => {
  const both = snapshot(named('a', 1, 1), named('b', 1, 2))
  expect(titlesAfter(both, changed(named('a', 3, 4)), changed(named('a', 2, 3)))).toEqual(['a3', 'b1'])
  expect(titlesAfter(both, changed(named('a', 3, 4)), both)).toEqual(['a3', 'b1'])
  // One from further down that nobody had scrolled to.
  expect(titlesAfter(both, changed(named('c', 7, 9)))).toEqual(['c7', 'b1', 'a1'])
})

it('adds further pages without doubling what moved meanwhile', () => {
  const more: ConversationListAction = { type: 'more', items: [named('a', 1, 1), named('z', 1, 0)], nextCursor: null }
  expect(titlesAfter(snapshot(named('b', 1, 2)), changed(named('a', 2, 5)), more)).toEqual(['a2', 'b1', 'z1'])
})

it('never brings back what was deleted', () => {
  const more: ConversationListAction = { type: 'more', items: [named('a', 1, 1)], nextCursor: null }
  const gone: ConversationListAction = { type: 'deleted', conversationId: 'a' }
  const list = snapshot(named('a', 1, 1), named('b', 1, 2))
  expect(titlesAfter(list, gone, more, changed(named('a', 2, 3)), list)).toEqual(['b1'])
})
