/** What administrators do to other people's accounts: who may do it, and who gets a mail about it. */
import { eq, sql } from 'drizzle-orm'
import { beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../../platform/db/columns.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { insertApiKey } from '../../platform/identity/api-keys.ts'
import { operator } from '../../platform/identity/operator.ts'
import { sessions, users } from '../../platform/identity/table.ts'
import { mails } from '../../platform/mail/table.ts'
import { keyOf } from '../../test/api-keys.ts'
import { buildTestApp } from '../../test/app.ts'
import { type Person, prepareCall } from '../../test/calls.ts'
import { signedIn } from '../../test/followers.ts'
import { lastMailTo } from '../../test/mails.ts'
import { givePassword } from '../../test/passwords.ts'
import { codeOf, mutateBy } from '../../test/programs.ts'
import { changeRole, disablePerson } from './service.ts'

const app = await buildTestApp()
const { db } = app.database

const acts = [
  'people.changeRole',
  'people.disable',
  'people.enable',
  'people.endSessions',
  'people.sessions.revoke',
  'apiKeys.revokeAny',
]

type Change = Partial<typeof users.$inferInsert>

/** Somebody with a username, an address that they have proven, and what `change` says. */
async function person(change: Change = {}): Promise<Person & { email: string; username: string }> {
  const me = await signedIn(app)
  const username = `u_${me.id.slice(-12)}`
  const [row] = await db
    .update(users)
    .set({ username, ...change })
    .where(eq(users.id, me.id))
    .returning()
  app.sessions.announceChanged(me.id)
  return { ...me, email: row?.email ?? '', username }
}

const age = (days: number, { id }: { id: string }) =>
  db
    .update(sessions)
    .set({ authenticatedAt: sql`now() - make_interval(days => ${days})` })
    .where(eq(sessions.userId, id))

const queued = async (template?: string) => {
  const rows = await db.select().from(mails).orderBy(mails.id)
  return rows.filter((row) => !template || row.template === template)
}
const recipients = async () => (await queued()).map(({ recipient }) => recipient).sort()

beforeEach(async () => {
  await db.update(users).set({ role: 'user' }).where(eq(users.role, 'admin'))
  await db.delete(mails)
})

describe.each(acts)('%s', (path) => {
  it('refuses an API key, whatever its scopes, and changes nothing', async () => {
    const admin = await person()
    const { input } = await prepareCall(app, path, admin)
    const { bearer } = await keyOf(app, admin)
    const answer = await mutateBy(app, path, input, bearer)
    expect([answer.statusCode, codeOf(answer)]).toEqual([403, 'API_KEY_REFUSED'])
    expect(await recipients()).toEqual([])
  })

  it('refuses a session whose user signed in twenty days ago, until they enter their password', async () => {
    const admin = await person()
    const { input } = await prepareCall(app, path, admin)
    const { password } = await givePassword(app, admin)
    await age(20, admin)
    expect(codeOf(await admin.browser.mutate(path, input))).toBe('REAUTHENTICATION_REQUIRED')
    expect(await recipients()).toEqual([])
    await admin.browser.mutate('account.confirmPassword', { password })
    expect((await admin.browser.mutate(path, input)).statusCode).toBe(200)
  })

  it('is allowed to a session whose user signed in nine minutes ago', async () => {
    const admin = await person()
    const { input } = await prepareCall(app, path, admin)
    await db
      .update(sessions)
      .set({ authenticatedAt: sql`now() - interval '9 minutes'` })
      .where(eq(sessions.userId, admin.id))
    expect((await admin.browser.mutate(path, input)).statusCode).toBe(200)
  })
})

it('an API key with the scope person:manage makes no accomplice an administrator and does not disable its maker, but reads people', async () => {
  const [admin, accomplice] = [await person({ role: 'admin' }), await person()]
  await person({ role: 'admin' })
  const { bearer } = await keyOf(app, admin, { scopes: ['person:manage'] })
  const promote = await mutateBy(app, 'people.changeRole', { personId: accomplice.id, role: 'admin' }, bearer)
  const disable = await mutateBy(app, 'people.disable', { personId: admin.id }, bearer)
  expect([codeOf(promote), codeOf(disable)]).toEqual(['API_KEY_REFUSED', 'API_KEY_REFUSED'])
  const rows = await db.select().from(users)
  expect(rows.find(({ id }) => id === accomplice.id)).toMatchObject({ role: 'user' })
  expect(rows.find(({ id }) => id === admin.id)).toMatchObject({ role: 'admin', isActive: true })
  expect((await app.root.inject({ url: '/trpc/people.list', headers: bearer })).statusCode).toBe(200)
  expect((await app.root.inject({ url: '/trpc/apiKeys.listAll', headers: bearer })).statusCode).toBe(200)
})

it('an administrator who is also signed in anew elsewhere is not fresh here', async () => {
  const admin = await person({ role: 'admin' })
  const other = await person()
  await age(20, admin)
  await app.enterAgain(admin.id)
  const answer = await admin.browser.mutate('people.changeRole', { personId: other.id, role: 'admin' })
  expect(codeOf(answer)).toBe('REAUTHENTICATION_REQUIRED')
})

it('whoever is no administrator is told that, not to sign in again', async () => {
  const [me, other] = [await person(), await person()]
  await age(20, me)
  expect(codeOf(await me.browser.mutate('people.disable', { personId: other.id }))).toBe('FORBIDDEN')
})

it('the operator needs no fresh sign-in, and is named in the mail', async () => {
  const [admin, me] = [await person({ role: 'admin' }), await person()]
  await changeRole(db, app.sessions, operator, { personId: me.id, role: 'admin' })
  expect(await recipients()).toEqual([admin.email, me.email].sort())
  expect((await lastMailTo(app, me.email)).text).toContain('by the operator of this server')
})

describe('a change to an account', () => {
  it('is reported by mail to the user and to the active administrators with a proven address, once each, and to nobody else', async () => {
    const [actor, admin] = [await person({ role: 'admin' }), await person({ role: 'admin' })]
    await person({ role: 'admin', isActive: false })
    await person({ role: 'admin', emailVerified: false })
    await person({ role: 'engineer' })
    const me = await person()
    await actor.browser.mutate('people.changeRole', { personId: me.id, role: 'engineer' })
    expect(await recipients()).toEqual([actor.email, admin.email, me.email].sort())
  })

  it('is not reported to a user whose address nobody has proven, and to the administrators all the same', async () => {
    const [actor, me] = [await person({ role: 'admin' }), await person({ emailVerified: false })]
    await actor.browser.mutate('people.disable', { personId: me.id })
    expect(await recipients()).toEqual([actor.email])
  })

  it('is reported once to an administrator who is the user concerned', async () => {
    const [actor, me] = [await person({ role: 'admin' }), await person({ role: 'admin' })]
    await actor.browser.mutate('people.changeRole', { personId: me.id, role: 'user' })
    expect((await queued('account-administered')).map(({ recipient }) => recipient)).toEqual([me.email])
    expect((await queued('administrators-informed')).map(({ recipient }) => recipient)).toEqual([actor.email])
    await db.delete(mails)
    await me.browser.mutate('people.enable', { personId: me.id })
    const both = await person({ role: 'admin' })
    await actor.browser.mutate('people.endSessions', { personId: actor.id })
    expect(await recipients()).toEqual([actor.email, both.email].sort())
  })

  it('is reported to at most fifty administrators, those whose accounts are the oldest', async () => {
    const actor = await person({ role: 'admin' })
    const rows = Array.from({ length: 60 }, (_, n) => ({
      id: newId(),
      email: `${String(n).padStart(2, '0')}-${actor.id}@example.org`,
      emailVerified: true,
      displayName: 'An administrator',
      role: 'admin' as const,
    }))
    await db.insert(users).values(rows)
    const me = await person({ emailVerified: false })
    await actor.browser.mutate('people.disable', { personId: me.id })
    expect(await recipients()).toEqual([actor.email, ...rows.slice(0, 49).map(({ email }) => email)].sort())
  })

  it('that changes nothing is reported to nobody', async () => {
    const [actor, me] = [await person({ role: 'admin' }), await person()]
    const change = async (path: string, input = {}) => {
      const answer = await actor.browser.mutate(path, { personId: me.id, ...input })
      expect(answer.statusCode, answer.body).toBe(200)
    }
    await change('people.changeRole', { role: 'user' })
    await change('people.enable')
    expect(await recipients()).toEqual([])
    await change('people.disable')
    expect(await recipients()).toEqual([actor.email, me.email].sort())
    await change('people.disable')
    await change('people.endSessions')
    expect(await queued()).toHaveLength(2)
    const unknown = { personId: me.id, sessionId: newId() }
    expect(codeOf(await actor.browser.mutate('people.sessions.revoke', unknown))).toBe('NOT_FOUND')
    expect(await queued()).toHaveLength(2)
  })

  it('that is refused for the last administrator is reported to nobody', async () => {
    const actor = await person({ role: 'admin' })
    expect(codeOf(await actor.browser.mutate('people.disable', { personId: actor.id }))).toBe('LAST_ADMINISTRATOR')
    expect(await recipients()).toEqual([])
  })

  it('has its mail in its own transaction: rolled back, there is none', async () => {
    const [admin, me] = [await person({ role: 'admin' }), await person()]
    const failing = withTransaction(db, async (tx) => {
      await disablePerson(tx, app.sessions, operator, { personId: me.id })
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    expect(await recipients()).toEqual([])
    expect((await db.select().from(users).where(eq(users.id, me.id)))[0]).toMatchObject({ isActive: true })
    expect(admin.email).toBeTruthy()
  })
})

describe('the mails about a change', () => {
  const cases: [string, (me: Person) => Promise<[string, object]>, RegExp, (name: string) => string][] = [
    [
      'changeRole',
      async ({ id }) => ['people.changeRole', { personId: id, role: 'admin' }],
      /Your role at Plinth was changed from user to admin/,
      (name) => `The role of ${name} was changed from user to admin`,
    ],
    [
      'disable',
      async ({ id }) => ['people.disable', { personId: id }],
      /Your Plinth account was disabled/,
      (name) => `The account of ${name} was disabled`,
    ],
    [
      'enable',
      async ({ id }) => {
        await db.update(users).set({ isActive: false }).where(eq(users.id, id))
        return ['people.enable', { personId: id }]
      },
      /Your Plinth account was enabled/,
      (name) => `The account of ${name} was enabled`,
    ],
    [
      'endSessions',
      async ({ id }) => ['people.endSessions', { personId: id }],
      /You were signed out of Plinth everywhere/,
      (name) => `${name} was signed out everywhere`,
    ],
    [
      'sessions.revoke',
      async ({ id }) => {
        const [row] = await db.select().from(sessions).where(eq(sessions.userId, id))
        return ['people.sessions.revoke', { personId: id, sessionId: row?.id }]
      },
      /One of your devices was signed out of Plinth/,
      (name) => `A device of ${name} was signed out`,
    ],
    [
      'revokeAny',
      async ({ id }) => {
        const { row } = await insertApiKey(db, {
          userId: id,
          name: 'Buy at evil.example',
          scopes: ['draft:read'],
          expiresInDays: 1,
        })
        return ['apiKeys.revokeAny', { keyId: row.id }]
      },
      /One of your API keys was revoked/,
      (name) => `An API key of ${name} was revoked`,
    ],
  ]

  it.each(cases)('say what was done, by whom and when: %s', async (_name, prepare, toUser, toAdministrators) => {
    const [actor, other, me] = [await person({ role: 'admin' }), await person({ role: 'admin' }), await person()]
    const [path, input] = await prepare(me)
    const answer = await actor.browser.mutate(path, input)
    expect(answer.statusCode, answer.body).toBe(200)
    const [toMe, toOther] = [await lastMailTo(app, me.email), await lastMailTo(app, other.email)]
    expect(toMe.text).toMatch(toUser)
    expect(toOther.text).toContain(toAdministrators(`@${me.username}`))
    for (const { text } of [toMe, toOther]) {
      expect(text).toContain(`by @${actor.username}`)
      expect(text).toMatch(/on \d+ \w+ \d{4} at \d\d:\d\d \(UTC\)/)
      expect(text).not.toContain('evil.example')
    }
    expect(toMe.link).toBe(`${app.publicUrl}/account`)
    const [{ target }] = (await queued('administrators-informed')).map(({ values }) => values) as [{ target: string }]
    expect(toOther.link).toBe(`${app.publicUrl}/admin/audit?target=${encodeURIComponent(target)}`)
  })

  it('name a user without a username by their display name, or by their id where that reads as an address', async () => {
    const actor = await person({ role: 'admin', username: null, displayName: 'Ada Lovelace' })
    const me = await person({ username: null, displayName: 'Win at evil.example' })
    await actor.browser.mutate('people.disable', { personId: me.id })
    const { text } = await lastMailTo(app, actor.email)
    expect(text).toContain(`The account of a user without a username (${me.id}) was disabled by “Ada Lovelace”`)
    expect(text).not.toContain('evil.example')
  })
})
