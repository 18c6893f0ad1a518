import { eq } from 'drizzle-orm'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import {
  type Conversation,
  type ConversationEvent,
  type ConversationListEvent,
  conversationLimits,
  type Message,
  type Messages,
} from '../../../shared/conversations.ts'
import { auditLogs } from '../../platform/audit/table.ts'
import { pollChannel } from '../../platform/live/poll.ts'
import { events } from '../../platform/live/table.ts'
import { buildTestApp } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'
import { conversationChannel } from './channel.ts'
import { conversations } from './table.ts'

/** Without an assistant: whoever records its answers does so here. */
const app = await buildTestApp({ environment: { ASSISTANT_URL: undefined, ASSISTANT_MODEL: undefined } })
const { db } = app.database

type Answer = ReturnType<TestBrowser['query']>
async function ok<T>(answer: Answer): Promise<T> {
  const { statusCode, body } = await answer
  expect(statusCode, body).toBe(200)
  return JSON.parse(body).result.data
}
const codeOf = async (answer: Answer) => (await answer).json().error?.data.code
const create = (browser: TestBrowser, input: object = {}) =>
  ok<Conversation>(browser.mutate('conversations.create', input))
const say = (browser: TestBrowser, conversationId: string, content: string, more: object = {}) =>
  browser.mutate('conversations.messages.append', { conversationId, content, ...more })
const list = (browser: TestBrowser, input: object = {}) =>
  ok<{ items: Conversation[]; pagination: { nextCursor: string | null; total: number }; cursor: string }>(
    browser.query('conversations.list', input),
  )
const read = (browser: TestBrowser, conversationId: string, input: object = {}) =>
  ok<Messages>(browser.query('conversations.messages.list', { conversationId, ...input }))
const eventsAfter = async <Event>(browser: TestBrowser, path: string, input: object) =>
  (await ok<{ events: Event[]; resync: boolean }>(browser.query(`conversations.${path}`, input))).events

describe('conversations', () => {
  it('are listed by their newest activity, in pages by cursor and by number', async () => {
    const { browser } = await signedIn(app)
    const made: string[] = []
    for (let n = 0; n < 5; n++) made.push((await create(browser, { title: `No. ${n}` })).id)
    // All of one moment: the order is that of moment and id.
    const at = new Date('2026-01-01T00:00:00.123Z')
    for (const id of made) await db.update(conversations).set({ updatedAt: at }).where(eq(conversations.id, id))
    await ok(say(browser, made[1] as string, 'Newest'))
    await ok(browser.mutate('conversations.rename', { conversationId: made[3], title: null }))
    const expected = [made[3], made[1], made[4], made[2], made[0]]
    const walked: string[] = []
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await list(browser, { limit: 2, ...(cursor && { cursor }) })
      expect(page.pagination.total).toBe(5)
      walked.push(...page.items.map(({ id }) => id))
      cursor = page.pagination.nextCursor
    }
    expect(walked).toEqual(expected)
    const numbered = await list(browser, { limit: 2, page: 2 })
    expect(numbered.items.map(({ id }) => id)).toEqual(expected.slice(2, 4))
    expect(numbered.items[0]).toMatchObject({ title: 'No. 4', messageCount: 0, version: 1 })
  })

  it('are followed by whoever has them, for as long as they have them', async () => {
    const { browser, id: userId } = await signedIn(app)
    const { id: conversationId } = await create(browser)
    const socket = await TestSocket.openAs(await app.listen(), browser)
    const [list, one] = [
      await socket.subscribe('conversations.onListEvent', {}),
      await socket.subscribe('conversations.onEvent', { conversationId }),
    ]
    const heard = (id: number) => JSON.stringify(socket.answers.filter((answer) => answer.id === id))
    await ok(say(browser, conversationId, 'Hello'))
    await until('both', () => heard(list).includes('"messageCount":1') && heard(one).includes('message.added'))
    const { id: heir } = await signedIn(app)
    await db.update(conversations).set({ userId: heir }).where(eq(conversations.userId, userId))
    await until('the end', () => heard(one).includes('NOT_FOUND'))
    expect(heard(list)).not.toContain('error')
    socket.ws.close()
  })

  it('are one for one id, whoever asks twice, and nobody else’s', async () => {
    const [me, other] = [await signedIn(app), await signedIn(app)]
    const conversationId = v7()
    const made = await create(me.browser, { conversationId, title: 'Mine' })
    expect(await create(me.browser, { conversationId, title: 'Mine' })).toEqual(made)
    expect(await codeOf(other.browser.mutate('conversations.create', { conversationId }))).toBe('CONFLICT')
    expect((await list(me.browser)).pagination.total).toBe(1)
    for (const path of ['rename', 'delete', 'messages.append', 'answer.ask', 'answer.stop']) {
      const input = { conversationId, title: 'Theirs', content: 'Theirs' }
      expect(await codeOf(other.browser.mutate(`conversations.${path}`, input)), path).toBe('NOT_FOUND')
    }
    expect(await list(me.browser)).toMatchObject({ items: [made] })
  })

  it('go with their messages when they are deleted, which every device hears', async () => {
    const { browser } = await signedIn(app)
    const { id: conversationId } = await create(browser)
    await ok(say(browser, conversationId, 'Hello'))
    const [{ cursor }, { cursor: inside }] = [await list(browser), await read(browser, conversationId)]
    await ok(browser.mutate('conversations.delete', { conversationId }))
    expect(await codeOf(browser.query('conversations.messages.list', { conversationId }))).toBe('NOT_FOUND')
    expect(await codeOf(browser.mutate('conversations.delete', { conversationId }))).toBe('NOT_FOUND')
    const told = await eventsAfter<ConversationListEvent>(browser, 'listEvents', { lastEventId: cursor })
    expect(told).toMatchObject([{ type: 'conversation.deleted', conversationId }])
    // What was said in it is in no event any more, and whoever had heard all of it hears the end.
    const left = await pollChannel<ConversationEvent>(db, conversationChannel(conversationId), inside)
    expect(left).toMatchObject({ events: [{ type: 'conversation.deleted', conversationId }], resync: false })
    expect(await db.$count(events, eq(events.channel, conversationChannel(conversationId)))).toBe(1)
    const late = await pollChannel(db, conversationChannel(conversationId), inside.replace(/:1:.*/, ':0'))
    expect(late).toMatchObject({ events: [], resync: true })
  })
})

describe('messages', () => {
  it('have one order, and come oldest or newest first, by cursor and by number', async () => {
    const { browser } = await signedIn(app)
    const { id } = await create(browser)
    for (let n = 1; n <= 5; n++) await ok(say(browser, id, `No. ${n}`))
    const positions = ({ items }: Messages) => items.map(({ position }) => position)
    for (const [order, all] of [
      ['oldest', [1, 2, 3, 4, 5]],
      ['newest', [5, 4, 3, 2, 1]],
    ] as const) {
      const first = await read(browser, id, { order, limit: 2 })
      const second = await read(browser, id, { order, limit: 2, cursor: first.pagination.nextCursor })
      const third = await read(browser, id, { order, limit: 2, cursor: second.pagination.nextCursor })
      expect([first, second, third].flatMap(positions)).toEqual(all)
      expect(third.pagination).toMatchObject({ total: 5, totalPages: 3, nextCursor: null })
      expect(positions(await read(browser, id, { order, limit: 2, page: 2 }))).toEqual(all.slice(2, 4))
      expect(positions(await read(browser, id, { order, limit: 2, page: 4 }))).toEqual([])
    }
  })

  it('are told in the conversation and in the list, from the cursors that came with both', async () => {
    const { browser, id: me } = await signedIn(app)
    const { id } = await create(browser)
    const [{ cursor }, { cursor: inside }] = [await list(browser), await read(browser, id)]
    const message = await ok<Message>(say(browser, id, 'Hello\n\tthere'))
    const answered = await ok<Message>(say(browser, id, 'Yes?', { role: 'assistant' }))
    expect([message, answered]).toMatchObject([
      { position: 1, role: 'user', content: 'Hello\n\tthere', stopped: false },
      { position: 2, role: 'assistant' },
    ])
    const told = await eventsAfter<ConversationEvent>(browser, 'events', { conversationId: id, lastEventId: inside })
    expect(told).toMatchObject([
      { type: 'message.added', actorId: me, message },
      { type: 'message.added', message: answered },
    ])
    const heard = await eventsAfter<ConversationListEvent>(browser, 'listEvents', { lastEventId: cursor })
    const conversation = await ok<Conversation>(browser.query('conversations.get', { conversationId: id }))
    expect(conversation).toMatchObject({ messageCount: 2, version: 3 })
    expect(heard).toMatchObject([
      { type: 'conversation.updated', conversation: { messageCount: 1, version: 2 } },
      { type: 'conversation.updated', conversation },
    ])
  })

  it('are one for one id: the same words again answer what is stored, others are refused', async () => {
    const [me, other] = [await signedIn(app), await signedIn(app)]
    const [here, there] = [await create(me.browser), await create(me.browser)]
    const messageId = v7()
    const first = await ok<Message>(say(me.browser, here.id, 'Hello', { messageId }))
    expect(await ok<Message>(say(me.browser, here.id, 'Hello', { messageId }))).toEqual(first)
    expect(await codeOf(say(me.browser, here.id, 'Goodbye', { messageId }))).toBe('IDEMPOTENCY_MISMATCH')
    expect(await codeOf(say(me.browser, here.id, 'Hello', { messageId, role: 'assistant' }))).toBe(
      'IDEMPOTENCY_MISMATCH',
    )
    expect(await codeOf(say(me.browser, there.id, 'Hello', { messageId }))).toBe('CONFLICT')
    const theirs = await create(other.browser)
    const refused = await say(other.browser, theirs.id, 'Hello', { messageId })
    expect(refused.json().error.data.code).toBe('CONFLICT')
    expect((await read(me.browser, here.id)).items).toEqual([first])
  })

  it('end where a conversation is full', async () => {
    const { browser } = await signedIn(app)
    const { id } = await create(browser)
    await db
      .update(conversations)
      .set({ messageCount: conversationLimits.messages - 1 })
      .where(eq(conversations.id, id))
    await ok(say(browser, id, 'The last'))
    expect(await codeOf(say(browser, id, 'One more'))).toBe('CONVERSATION_FULL')
  })

  it('and names are people’s own: records say that there were some, not which', async () => {
    const { browser, id: actorId } = await signedIn(app)
    const { id } = await create(browser, { title: 'Secret plans' })
    await ok(browser.mutate('conversations.rename', { conversationId: id, title: 'Secret party' }))
    await ok(say(browser, id, 'Secret guests'))
    await ok(browser.mutate('conversations.delete', { conversationId: id }))
    const records = await db.select().from(auditLogs).where(eq(auditLogs.actorId, actorId))
    const ours = records.filter(({ target }) => target === `conversation:${id}`)
    expect(ours).toHaveLength(4)
    expect(JSON.stringify(ours)).toContain('[left out]')
    expect(JSON.stringify(ours)).not.toContain('Secret')
  })
})

describe('without an assistant', () => {
  it('nobody is asked, which pages can tell', async () => {
    const { browser } = await signedIn(app)
    const { id } = await create(browser)
    await ok(say(browser, id, 'Anybody?'))
    expect(await ok(browser.query('conversations.assistant'))).toEqual({ available: false })
    expect(await codeOf(browser.mutate('conversations.answer.ask', { conversationId: id }))).toBe('ASSISTANT_OFF')
    expect(await ok(browser.mutate('conversations.answer.stop', { conversationId: id }))).toEqual({ stopped: false })
  })
})
