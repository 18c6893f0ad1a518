import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { users } from '../../platform/identity/table.ts'
import { buildTestApp, newPerson, refusal } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { makeAdministrator, type Person } from '../../test/calls.ts'
import { signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'

const app = await buildTestApp()
let admin: Person
beforeAll(async () => {
  admin = await signedIn(app)
  await makeAdministrator(app, admin)
})

type Answer = Awaited<ReturnType<TestBrowser['query']>>
const data = (answer: Answer) => answer.json().result?.data
const codeOf = (answer: Answer) => answer.json().error?.data.code
const list = async (input = {}) => data(await admin.browser.query('people.list', input))
const idsOf = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id)

describe('the list of people', () => {
  it('finds by a part of name or address, whatever its case, and takes signs for themselves', async () => {
    const name = `Zoë_${newPerson().sub} 100%`
    const browser = await app.signIn({ name })
    const { id, email } = (await browser.get('/me')).json()
    for (const search of [name.toUpperCase(), name.slice(2, -2), email.slice(3).toUpperCase(), '100%'])
      expect(idsOf(await list({ search })), search).toEqual([id])
    expect(idsOf(await list({ search: name.replace('_', 'x') }))).toEqual([])
    expect(idsOf(await list({ search: '100_' }))).toEqual([])
  })

  it('is paged, the newest first, and filtered by role and state', async () => {
    const [one, two] = [await signedIn(app), await signedIn(app)]
    await app.database.db.update(users).set({ role: 'engineer' }).where(eq(users.id, one.id))
    await app.database.db.update(users).set({ role: 'engineer', isActive: false }).where(eq(users.id, two.id))
    expect(idsOf(await list({ role: 'engineer' }))).toEqual([two.id, one.id])
    expect(idsOf(await list({ role: 'engineer', active: true }))).toEqual([one.id])
    const first = await list({ role: 'engineer', limit: 1 })
    expect(idsOf(await list({ role: 'engineer', limit: 1, cursor: first.nextCursor }))).toEqual([one.id])
  })
})

describe('a person', () => {
  it('has what an administrator has to know, and no secret', async () => {
    const { id } = await signedIn(app)
    expect(data(await admin.browser.query('people.get', { personId: id }))).toEqual({
      id,
      email: expect.any(String),
      emailVerified: true,
      username: null,
      displayName: expect.any(String),
      avatarUrl: null,
      role: 'user',
      active: true,
      createdAt: expect.any(String),
      lastLoginAt: expect.any(String),
      lastActiveAt: expect.any(String),
    })
  })

  it('who is not there is not found', async () => {
    for (const [path, more] of Object.entries({
      changeRole: { role: 'user' },
      disable: {},
      enable: {},
      endSessions: {},
    })) {
      const answer = await admin.browser.mutate(`people.${path}`, { personId: crypto.randomUUID(), ...more })
      expect(codeOf(answer), path).toBe('NOT_FOUND')
    }
  })

  it('has another role from the next call on', async () => {
    const { id, browser } = await signedIn(app)
    expect((await browser.mutate('drafts.create', { title: 'x' })).statusCode).toBe(200)
    await admin.browser.mutate('people.changeRole', { personId: id, role: 'viewer' })
    expect(codeOf(await browser.mutate('drafts.create', { title: 'x' }))).toBe('FORBIDDEN')
    await admin.browser.mutate('people.changeRole', { personId: id, role: 'admin' })
    expect((await browser.query('people.list')).statusCode).toBe(200)
    await admin.browser.mutate('people.changeRole', { personId: id, role: 'user' })
  })

  it('once disabled is signed out everywhere, sockets too, and cannot sign in until enabled', async () => {
    const claims = newPerson()
    const browser = await app.signIn(claims)
    const { id: personId } = (await browser.get('/me')).json()
    const socket = await TestSocket.openAs(await app.listen(), browser)
    expect(data(await admin.browser.mutate('people.disable', { personId }))).toMatchObject({ active: false })
    expect((await browser.get('/me')).statusCode).toBe(401)
    expect(await socket.closed()).toMatchObject({ code: 4401 })
    const refused = app.browser()
    expect(refusal(await app.finishSignIn(refused, await app.beginSignIn(refused), claims))).toBe('ACCOUNT_DISABLED')
    expect(data(await admin.browser.mutate('people.enable', { personId }))).toMatchObject({ active: true })
    // What was ended stays so.
    expect((await browser.get('/me')).statusCode).toBe(401)
    expect((await (await app.signIn(claims)).get('/me')).statusCode).toBe(200)
  })

  it('is signed out everywhere when told', async () => {
    const { id: personId, browser } = await signedIn(app)
    expect(data(await admin.browser.mutate('people.endSessions', { personId }))).toEqual({ ended: 1 })
    expect((await browser.get('/me')).statusCode).toBe(401)
  })
})

describe('the last administrator', () => {
  it('keeps the role and stays enabled until there is another', async () => {
    await app.database.db.update(users).set({ role: 'user' }).where(eq(users.role, 'admin'))
    await makeAdministrator(app, admin)
    const other = await signedIn(app)
    const demote = (personId: string) => admin.browser.mutate('people.changeRole', { personId, role: 'user' })
    expect(codeOf(await demote(admin.id))).toBe('LAST_ADMINISTRATOR')
    expect(codeOf(await admin.browser.mutate('people.disable', { personId: admin.id }))).toBe('LAST_ADMINISTRATOR')
    // A disabled one is none.
    await app.database.db.update(users).set({ role: 'admin', isActive: false }).where(eq(users.id, other.id))
    expect(codeOf(await demote(admin.id))).toBe('LAST_ADMINISTRATOR')
    await admin.browser.mutate('people.enable', { personId: other.id })
    expect((await demote(other.id)).statusCode).toBe(200)
  })
})

describe('the audit log', () => {
  it('is read by who, what, on what and when, the newest first', async () => {
    const personId = (await (await app.signIn()).get('/me')).json().id
    const began = new Date().toISOString()
    await admin.browser.mutate('people.changeRole', { personId, role: 'engineer' })
    await admin.browser.mutate('people.changeRole', { personId, role: 'viewer' })
    const read = async (input = {}) => data(await admin.browser.query('auditLog.list', input)).items
    const both = await read({ target: `person:${personId}` })
    expect(both).toMatchObject([
      { before: { role: 'engineer' }, after: { role: 'viewer' }, actor: { id: admin.id }, ip: '127.0.0.1' },
      { before: { role: 'user' }, after: { role: 'engineer' }, action: 'people.changeRole' },
    ])
    expect(await read({ actorId: personId })).toMatchObject([{ action: 'auth.signIn' }])
    expect(await read({ actorId: admin.id, action: 'people.changeRole', since: began })).toEqual(both)
    expect(await read({ target: `person:${personId}`, until: began })).toEqual([])
    expect(await read({ target: `person:${personId}`, limit: 1 })).toEqual(both.slice(0, 1))
    expect(await read({ target: `person:${personId}`, cursor: both[0].id })).toEqual(both.slice(1))
  })
})
