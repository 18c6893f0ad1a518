import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Capability } from '../../../shared/capabilities.ts'
import type { SearchHit } from '../../../shared/search.ts'
import { keyOf } from '../../test/api-keys.ts'
import { buildTestApp } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import type { Person } from '../../test/calls.ts'
import { driftOf, engineer, range, signedIn } from '../../test/followers.ts'
import { conversations, messages } from '../conversations/table.ts'
import { draftSegments } from '../drafts/table.ts'
import { tasks } from '../tasks/table.ts'

const app = await buildTestApp()
const { db } = app.database

async function find({ browser }: { browser: TestBrowser }, text?: string, more: object = {}): Promise<SearchHit[]> {
  const answer = await browser.query('search', { ...(text !== undefined && { text }), ...more })
  expect([answer.statusCode, answer.body]).toEqual([200, expect.anything()])
  return answer.json().result.data.items
}
const idsOf = (hits: SearchHit[]) => hits.map(({ id }) => id)

async function make<Made = { id: string }>({ browser }: Person, path: string, input: object): Promise<Made> {
  return (await browser.mutate(path, input)).json().result.data
}
const task = (me: Person, title: string, description?: string) => make(me, 'tasks.create', { title, description })
const draft = (me: Person, title: string) => make(me, 'drafts.create', { title })
const append = (me: Person, draftId: string, text: string) => make(me, 'drafts.append', { draftId, text })
const conversation = (me: Person, title?: string) => make(me, 'conversations.create', { title })
const say = (me: Person, conversationId: string, content: string) =>
  make(me, 'conversations.messages.append', { conversationId, role: 'user', content })

describe('a search', () => {
  it('finds tasks, drafts, conversations and drifts by what they are called', async () => {
    const me = await engineer(app)
    const made = [
      await task(me, 'Water the quinces'),
      await draft(me, 'On quinces'),
      await conversation(me, 'Are quinces pears?'),
      await driftOf(me, { resource: { type: 'orchard', id: 'quinces-01', provider: 'aws', region: null } }),
    ]
    const hits = await find(me, 'quince')
    expect(hits.map(({ kind }) => kind).sort()).toEqual(['conversation', 'draft', 'drift', 'task'])
    expect(new Set(idsOf(hits))).toEqual(new Set(made.map(({ id }) => id)))
    expect(hits.every(({ inTitle, excerpt }) => inTitle && excerpt === null)).toBe(true)
  })

  it('finds text: of a description, a segment, a message, and where a drift is', async () => {
    const me = await engineer(app)
    const { id: taskId } = await task(me, 'Prune', 'The medlar, before it\n\nflowers.')
    const { id: draftId } = await draft(me, 'Orchard')
    await append(me, draftId, 'A medlar stands at the gate.')
    const { id: conversationId } = await conversation(me)
    await say(me, conversationId, 'What is a medlar?')
    const newest = await say(me, conversationId, 'When is a medlar ripe?')
    await say(me, conversationId, 'And a quince?')
    const drift = await driftOf(me, { externalId: 'farm/tree/medlar-7' })
    const hits = await find(me, 'medlar')
    expect(Object.fromEntries(hits.map(({ id, excerpt }) => [id, excerpt]))).toEqual({
      [taskId]: 'The medlar, before it flowers.',
      [draftId]: 'A medlar stands at the gate.',
      [conversationId]: 'When is a medlar ripe?',
      [drift.id]: 'farm/tree/medlar-7',
    })
    expect(hits.some(({ inTitle }) => inTitle)).toBe(false)
    expect(hits.find(({ kind }) => kind === 'conversation')).toMatchObject({ messageId: newest.id })
  })

  it.each([
    ['words that begin so, in any order', 'zur reis', true],
    ['other letter case and no accents', 'ZÜRICH', true],
    ['parts between punctuation', 'web_02', true],
    ['a word of two texts', 'zurich tickets', true],
    ['the middle of a word', 'rich', false],
    ['one word that is not there', 'reise nach bern', false],
    ['punctuation alone', '(—) _', false],
    ['what a query language has signs for', "reise' | !x:* & <-> \\", false],
    ['a word of a length that no index holds', 'x'.repeat(200), false],
  ])('compares %s', async (_, text, isFound) => {
    const me = await signedIn(app)
    const { id } = await task(me, 'Reise nach Zürich (server/web_02)', 'Buy “tickets”')
    await task(me, 'Nothing of that')
    expect(idsOf(await find(me, text))).toEqual(isFound ? [id] : [])
  })

  it('puts those with all words in the title first, then the newest', async () => {
    const me = await signedIn(app)
    const title = await task(me, 'Graft the damson')
    const text = await task(me, 'Graft', 'Of the damson')
    const newer = await task(me, 'Damson graft')
    await make(me, 'tasks.complete', { taskId: text.id })
    expect(idsOf(await find(me, 'graft damson'))).toEqual([newer.id, title.id, text.id])
  })

  it('answers so many of each kind, and of a conversation or a draft one', async () => {
    const me = await signedIn(app)
    for (const n of range(1, 4)) await task(me, `Sloe ${n}`)
    const { id } = await draft(me, 'Sloes')
    for (const n of range(1, 3)) await append(me, id, `Sloe ${n}`)
    expect((await find(me, 'sloe', { limit: 2 })).map(({ kind }) => kind).sort()).toEqual(['draft', 'task', 'task'])
    expect(idsOf(await find(me, 'sloe', { kind: 'draft' }))).toEqual([id])
  })

  it('sees a change at once, and no deleted task or conversation', async () => {
    const me = await signedIn(app)
    const { id: taskId } = await task(me, 'Bullace')
    const { id: conversationId } = await conversation(me, 'Bullace')
    expect(idsOf(await find(me, 'bullace'))).toHaveLength(2)
    await make(me, 'tasks.update', { taskId, title: 'Rowan' })
    await me.browser.mutate('conversations.delete', { conversationId })
    expect(await find(me, 'bullace')).toEqual([])
    expect(idsOf(await find(me, 'rowan'))).toEqual([taskId])
    await me.browser.mutate('tasks.delete', { taskId })
    expect(await find(me, 'rowan')).toEqual([])
  })

  it('without a text is what changed last of the caller’s own', async () => {
    const me = await engineer(app)
    const { id: taskId } = await task(me, 'One')
    const { id: draftId } = await draft(me, 'Two')
    const { id: conversationId } = await conversation(me, 'Three')
    await driftOf(me)
    await make(me, 'tasks.complete', { taskId })
    expect(idsOf(await find(me))).toEqual([taskId, conversationId, draftId])
  })
})

describe('a search sees what its caller may see', () => {
  it('and nothing of another user', async () => {
    const [me, other] = [await signedIn(app), await signedIn(app)]
    await task(other, 'Whitebeam')
    const { id: draftId } = await draft(other, 'Whitebeam')
    await append(other, draftId, 'whitebeam')
    const { id: conversationId } = await conversation(other, 'Whitebeam')
    await say(other, conversationId, 'whitebeam')
    expect(idsOf(await find(other, 'whitebeam'))).toHaveLength(3)
    expect(await find(me, 'whitebeam')).toEqual([])
    // The scope of another user's words, typed.
    expect(await find(me, `${other.id.slice(-12)}whitebeam`)).toEqual([])
    expect(await find(me)).toEqual([])
  })

  it('of a draft from when a user writes in it until they leave', async () => {
    const [me, other] = [await signedIn(app), await signedIn(app)]
    const { id: draftId } = await draft(other, 'Spindle')
    await append(other, draftId, 'The bark of an alder')
    await make(other, 'drafts.addCollaborator', { draftId, person: me.id })
    expect(idsOf([...(await find(me, 'spindle')), ...(await find(me, 'alder'))])).toEqual([draftId, draftId])
    await me.browser.mutate('drafts.leave', { draftId })
    expect([...(await find(me, 'spindle')), ...(await find(me, 'alder'))]).toEqual([])
  })

  it('by an API key, of the kinds that its scopes name', async () => {
    const me = await signedIn(app)
    await task(me, 'Dogwood')
    await draft(me, 'Dogwood')
    const withScopes = async (scopes: Capability[]) => ({
      browser: app.browser((await keyOf(app, me, { scopes })).bearer),
    })
    expect((await find(await withScopes(['task:read']), 'dogwood')).map(({ kind }) => kind)).toEqual(['task'])
    const { browser } = await withScopes(['draft:write'])
    for (const input of [{ text: 'dogwood' }, { text: 'dogwood', kind: 'draft' }]) {
      expect((await browser.query('search', input)).json().error?.data.code).toBe('SCOPE_MISSING')
    }
  })

  it('of drifts no state and no reason, which not everybody may read', async () => {
    const me = await engineer(app)
    const { id: driftId } = await driftOf(me, { expected: { secret: 'hornbeam' }, actual: null })
    await make(me, 'drifts.approve', { driftId, reason: 'Hornbeam' })
    expect(await find(me, 'hornbeam')).toEqual([])
  })
})

describe('among many', () => {
  it('finds a task of 10,000 by one line, whether its words are rare or all have them', async () => {
    const me = await signedIn(app)
    await db.execute(sql`
      insert into ${tasks} (id, user_id, title, rank, updated_at)
      select gen_random_uuid(), ${me.id}, 'Call customer ' || n || ' about the invoice', 'a' || lpad(n::text, 8, '0'),
        now() - n * interval '1 minute' from generate_series(1, 10000) n`)
    const titles = async (text: string) =>
      (await find(me, text)).map((hit) => (hit.kind === 'task' ? hit.title : expect.unreachable()))
    expect(await titles('7351')).toEqual(['Call customer 7351 about the invoice'])
    expect(await titles('call customer 7351')).toEqual(['Call customer 7351 about the invoice'])
    expect(await titles('invoice')).toEqual(range(1, 5).map((n) => `Call customer ${n} about the invoice`))
    // Fewer than are common among the newest, more than are taken from the index.
    expect(await titles('customer 9')).toHaveLength(5)
  })

  it('finds the rare message and the newest common ones, and the segment of an old draft', async () => {
    const me = await signedIn(app)
    const { id: conversationId } = await conversation(me, 'Long')
    await db.execute(sql`
      insert into ${messages} (id, user_id, conversation_id, role, content, position, created_at)
      select gen_random_uuid(), ${me.id}, ${conversationId}, 'user',
        case when n = 1 then 'The juniper' else 'The usual' end, n, now() + n * interval '1 second' from generate_series(1, 2000) n`)
    await db.update(conversations).set({ messageCount: 2000 }).where(eq(conversations.id, conversationId))
    expect(await find(me, 'juniper')).toMatchObject([{ id: conversationId, excerpt: 'The juniper' }])
    expect(await find(me, 'usual')).toMatchObject([{ id: conversationId, excerpt: 'The usual' }])
    const { id: draftId } = await draft(me, 'Old')
    await db.execute(sql`
      insert into ${draftSegments} (id, draft_id, author_id, position, text)
      select gen_random_uuid(), ${draftId}, ${me.id}, n, case when n = 3 then 'A rose hip' else 'The usual' end
      from generate_series(1, 2000) n`)
    for (const n of range(1, 8)) await draft(me, `Newer ${n}`)
    expect(await find(me, 'rose hip')).toMatchObject([{ id: draftId, excerpt: 'A rose hip' }])
  })
})
