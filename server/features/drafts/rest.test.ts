/** Drafts at the paths of the clients that there were before: bare answers, the same rules, each as the document describes it. */
import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { users } from '../../platform/identity/table.ts'
import type { Operation } from '../../platform/rest/openapi.ts'
import { openApiOf } from '../../platform/rest/openapi.ts'
import type { JsonSchema } from '../../platform/rest/schema-book.ts'
import { appRouter } from '../../router.ts'
import { buildTestApp } from '../../test/app.ts'
import { faultsOf } from '../../test/json-schema.ts'
import { openProgram } from '../../test/programs.ts'

const app = await buildTestApp({ environment: { AUTH_LEGACY_HEADER: 'on' } })
const api = openApiOf(appRouter)
const drafts = '/v1/collab/drafts'

type Headers = Record<string, string>

/** Also sees that the answer is what the document says. */
async function call(headers: Headers, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) {
  const answer = await app.root.inject({ method, url, headers, ...(payload && { payload }) })
  const path = url
    .replace(/\?.*/, '')
    .replace(/[0-9a-f-]{36}/, '{draftId}')
    .replace(/(?<=invitations\/)[0-9a-f-]{36}/, '{invitationId}')
    .replace(/[0-9a-f-]{36}/, '{userId}')
  const operation = api.paths[path]?.[method.toLowerCase()] as Operation
  const described = operation.responses[answer.statusCode]?.content?.['application/json'].schema as JsonSchema
  expect(described, `${method} ${path} ${answer.statusCode} ${answer.body}`).toBeDefined()
  expect(faultsOf(api, described, answer.json())).toEqual([])
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers }
}

async function program() {
  const { accessToken } = await openProgram(app)
  const headers = { authorization: `Bearer ${accessToken}` }
  return { headers, id: (await app.root.inject({ url: '/me', headers })).json().id as string }
}

/** Somebody whom only the product before knows. */
async function legacy() {
  const legacyId = v7()
  const headers = { 'x-user-id': legacyId }
  return { headers, legacyId, id: (await app.root.inject({ url: '/me', headers })).json().id as string }
}

const begin = async (headers: Headers) => (await call(headers, 'POST', drafts, { title: 'Plan' })).body.id as string

describe.each([
  ['a bearer token', program],
  ['X-User-Id', legacy],
])('by %s, drafts', (_, person) => {
  it('are begun, written, handed on and read', async () => {
    const [{ headers, id }, friend] = [await person(), await legacy()]
    const begun = await call(headers, 'POST', drafts, { title: 'Plan' })
    expect(begun).toMatchObject({ status: 201, body: { title: 'Plan', ownerId: id, ringHolderId: id } })
    const draft = `${drafts}/${begun.body.id}`
    const segment = await call(headers, 'POST', `${draft}/segments`, { text: 'One' })
    expect(segment).toMatchObject({ status: 201, body: { position: 1, text: 'One', author: { id } } })
    const added = await call(headers, 'POST', `${draft}/collaborators`, { person: friend.legacyId })
    expect(added).toMatchObject({ status: 201, body: { id: friend.id } })
    const passed = await call(headers, 'POST', `${draft}/pass-ring`, { to: friend.legacyId })
    expect(passed).toMatchObject({ status: 200, body: { ringHolderId: friend.id } })
    const late = await call(headers, 'POST', `${draft}/segments`, { text: 'Two' })
    expect([late.status, late.body.error.code]).toEqual([409, 'RING_NOT_HELD'])
    const read = await call(friend.headers, 'GET', draft)
    expect(read).toMatchObject({ status: 200, body: { segmentCount: 1, segments: [segment.body] } })
    expect(read.body.collaborators.map((one: { id: string }) => one.id)).toEqual([id, friend.id])
  })
})

describe('a user whose name is a legacy id of another', () => {
  it('is the one that a word names, and a field for one kind of name finds either user', async () => {
    const [owner, account] = [await program(), await program()]
    const username = `u${randomUUID().replaceAll('-', '').slice(0, 12)}`
    await app.database.db.update(users).set({ username }).where(eq(users.id, account.id))
    const other = (await app.root.inject({ url: '/me', headers: { 'x-user-id': username } })).json().id as string
    const sameId = (await app.root.inject({ url: '/me', headers: { 'x-user-id': account.id } })).json().id as string
    expect(new Set([other, sameId, account.id]).size).toBe(3)
    const draft = `${drafts}/${await begin(owner.headers)}`
    const added = async (body: object) => {
      const { id } = (await call(owner.headers, 'POST', `${draft}/collaborators`, body)).body
      return id
    }
    for (const body of [
      { person: username },
      { person: username.toUpperCase() },
      { person: account.id },
      { username },
      { userId: account.id },
    ])
      expect([body, await added(body)]).toEqual([body, account.id])
    expect(await added({ legacyId: username })).toBe(other)
    expect(await added({ legacyId: account.id })).toBe(sameId)
    const passed = await call(owner.headers, 'POST', `${draft}/pass-ring`, { legacyId: username })
    expect(passed.body).toMatchObject({ ringHolderId: other })
  })

  it('is refused where it is named twice, by the wrong kind, or not at all', async () => {
    const [owner, account] = [await program(), await program()]
    const url = `${drafts}/${await begin(owner.headers)}/collaborators`
    for (const body of [{}, { person: account.id, userId: account.id }, { username: 'a', email: 'a@example.org' }]) {
      const { status, body: answer } = await call(owner.headers, 'POST', url, body)
      expect([status, answer.error.details]).toEqual([400, [{ field: 'person', message: expect.any(String) }]])
    }
    for (const body of [{ username: account.id }, { legacyId: account.id }, { userId: 'nobody' }]) {
      const { status, body: answer } = await call(owner.headers, 'POST', url, body)
      expect([status, answer.error.code]).toEqual([422, 'PERSON_NOT_FOUND'])
    }
  })
})

describe('the owner of a draft', () => {
  it('invites an address, lists the invitation and withdraws it, each at its path', async () => {
    const { headers } = await program()
    const draft = `${drafts}/${await begin(headers)}`
    const email = `${randomUUID()}@example.org`
    const { status, body: invitation } = await call(headers, 'POST', `${draft}/collaborators`, { email })
    expect([status, invitation]).toEqual([201, expect.objectContaining({ email, id: expect.any(String) })])
    const listed = await call(headers, 'GET', `${draft}/invitations`)
    expect(listed).toMatchObject({ status: 200, body: { items: [invitation], nextCursor: null } })
    const withdrawn = await call(headers, 'DELETE', `${draft}/invitations/${invitation.id}`)
    expect(withdrawn).toMatchObject({ status: 200, body: invitation })
    expect((await call(headers, 'DELETE', `${draft}/invitations/${invitation.id}`)).status).toBe(404)
    expect((await call(headers, 'GET', `${draft}/invitations`)).body.items).toEqual([])
  })

  it('takes the ring back and removes a collaborator, each at its path', async () => {
    const [owner, friend] = [await program(), await program()]
    const draft = `${drafts}/${await begin(owner.headers)}`
    await call(owner.headers, 'POST', `${draft}/collaborators`, { person: friend.id })
    await call(owner.headers, 'POST', `${draft}/pass-ring`, { to: friend.id })
    const refused = await call(friend.headers, 'POST', `${draft}/take-ring`)
    expect([refused.status, refused.body.error.code]).toEqual([403, 'NOT_DRAFT_OWNER'])
    const taken = await call(owner.headers, 'POST', `${draft}/take-ring`)
    expect(taken).toMatchObject({ status: 200, body: { ringHolderId: owner.id } })
    await call(owner.headers, 'POST', `${draft}/pass-ring`, { to: friend.id })
    const removed = await call(owner.headers, 'DELETE', `${draft}/collaborators/${friend.id}`)
    expect(removed).toMatchObject({ status: 200, body: { ringHolderId: owner.id } })
    expect((await call(friend.headers, 'GET', draft)).status).toBe(404)
    const again = await call(owner.headers, 'DELETE', `${draft}/collaborators/${friend.id}`)
    expect([again.status, again.body.error.code]).toEqual([422, 'NOT_A_COLLABORATOR'])
  })
})

describe('a list of drafts', () => {
  it('comes in pages, each from where the one before ended', async () => {
    const { headers } = await program()
    const begun = []
    for (let n = 0; n < 3; n++) begun.unshift(await begin(headers))
    const first = await call(headers, 'GET', `${drafts}?limit=2`)
    const second = await call(headers, 'GET', `${drafts}?limit=2&cursor=${first.body.nextCursor}`)
    const ids = [...first.body.items, ...second.body.items].map(({ id }: { id: string }) => id)
    expect([ids, second.body.nextCursor]).toEqual([begun, null])
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'cursor=x', 'limit=1&limit=2']) {
      expect((await call(headers, 'GET', `${drafts}?${query}`)).status, query).toBe(400)
    }
  })
})

describe('a segment without an id of its caller’s', () => {
  it('is one segment for one Idempotency-Key, and otherwise one for each call', async () => {
    const { headers } = await program()
    const url = `${drafts}/${await begin(headers)}/segments`
    const keyed = { ...headers, 'idempotency-key': v7() }
    const first = await call(keyed, 'POST', url, { text: 'One' })
    const again = await Promise.all([1, 2, 3].map(() => call(keyed, 'POST', url, { text: 'One' })))
    for (const one of again) expect([one.status, one.body]).toEqual([201, first.body])
    const other = await call(keyed, 'POST', url, { text: 'Two' })
    expect([other.status, other.body.error.code]).toEqual([422, 'IDEMPOTENCY_MISMATCH'])
    const positions = []
    for (let n = 0; n < 2; n++) positions.push((await call(headers, 'POST', url, { text: 'One' })).body.position)
    expect(positions).toEqual([2, 3])
    const mine = { text: 'Mine', segmentId: v7() }
    const [made, repeated] = [await call(headers, 'POST', url, mine), await call(headers, 'POST', url, mine)]
    expect([made.body.id, repeated.body]).toEqual([mine.segmentId, made.body])
  })
})

describe('what is not there', () => {
  it('answers bare, below /v1/collab too, and somebody else’s draft as none', async () => {
    const [owner, stranger] = [await program(), await program()]
    const draft = `${drafts}/${await begin(owner.headers)}`
    const theirs = await call(stranger.headers, 'GET', draft)
    const none = await call(stranger.headers, 'GET', `${drafts}/${v7()}`)
    expect([theirs.status, theirs.body.error]).toEqual([404, none.body.error])
    for (const [method, url, status, code] of [
      ['GET', '/v1/collab', 404, 'NOT_FOUND'],
      ['GET', '/v1/collab/nowhere', 404, 'NOT_FOUND'],
      ['POST', `${draft}/nowhere`, 404, 'NOT_FOUND'],
      ['DELETE', draft, 405, 'METHOD_NOT_ALLOWED'],
    ] as const) {
      const answer = await app.root.inject({ method, url, headers: owner.headers })
      const requestId = answer.headers['x-request-id']
      expect([url, answer.statusCode, answer.json()]).toEqual([
        url,
        status,
        { error: { code, message: expect.any(String) }, requestId },
      ])
    }
  })
})
