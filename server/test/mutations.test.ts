/**
 * What holds for every mutation: it is recorded once in the audit log, and takes effect once for an idempotency key. On Postgres each
 * mutation runs for its transaction and for the response that is stored with a key; the other tests prove the same on both databases.
 */
import { asc, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../shared/errors.ts'
import { auditLogs } from '../platform/audit/table.ts'
import { newId } from '../platform/db/columns.ts'
import { idempotencyKeys } from '../platform/idempotency/table.ts'
import { users } from '../platform/identity/table.ts'
import { buildTestApp } from './app.ts'
import type { TestBrowser } from './browser.ts'
import { prepareCall, procedures } from './calls.ts'
import { onPostgres } from './database.ts'
import { linesOf } from './dump.ts'
import { signedIn } from './followers.ts'
import { mutableTables as tables } from './mutable-tables.ts'

const app = await buildTestApp({ environment: { AUTH_LEGACY_HEADER: 'on' } })

/** The rows that mutations change, or those of them that contain `text`. */
const everything = (text?: string) => linesOf(app, tables, text)

const recordsOf = (action: string) =>
  app.database.db.select().from(auditLogs).where(eq(auditLogs.action, action)).orderBy(asc(auditLogs.id))

const codeOf = (answer: Awaited<ReturnType<TestBrowser['mutate']>>): ErrorCode => answer.json().error?.data.code

const mutations = procedures.filter(({ type, meta }) => type === 'mutation' && !meta?.hint)
const [secretOnes, repeatable] = [true, false].map((is) =>
  mutations.filter(({ meta }) => Boolean(meta?.audit?.secret) === is),
)

/** Which take a user's id as a field of their own. */
const namesUser = new Set(['drafts.addCollaborator', 'drafts.passRing'])

describe('hints', () => {
  it('are few: nothing that is kept may be one', () => {
    expect(procedures.filter(({ meta }) => meta?.hint).map(({ path }) => path)).toEqual([
      'account.identities.startAdding',
      'auth.findVerification',
      'drafts.writing',
    ])
  })
})

async function begin(path: string) {
  const me = await signedIn(app)
  const found = await prepareCall(app, path, me)
  const before = (await recordsOf(path)).length
  return { me, ...found, added: async () => (await recordsOf(path)).slice(before) }
}

describe.each(mutations)('$path', ({ path }) => {
  it.skipIf(onPostgres)('is recorded once: who, what, on what, from where', async () => {
    const { me, input, target, recordedBy, records: expected = 1, added } = await begin(path)
    const answer = await me.browser.mutate(path, input)
    expect(answer.statusCode, answer.body).toBe(200)
    const records = await added()
    expect(records).toHaveLength(expected)
    const actorId = recordedBy === 'whoever' ? expect.any(String) : recordedBy ? null : me.id
    for (const record of records) {
      expect(record).toMatchObject({ actorId, action: path, ip: recordedBy === 'operator' ? 'cli' : '127.0.0.1' })
      expect(record.target).toMatch(target ?? expect.unreachable())
      expect(record.requestId).toMatch(/^[0-9a-f-]{36}$/)
    }
  })

  it('leaves nothing of the change where it cannot be recorded', async () => {
    const { me, input, added } = await begin(path)
    const bar = (what: string) => app.database.db.execute(`alter table audit_logs ${what}`)
    await bar(`add constraint bar check (action <> '${path}') not valid`)
    app.expectErrorLog(/bar/)
    const before = await everything()
    try {
      expect((await me.browser.mutate(path, input)).statusCode).toBe(500)
      expect(await everything()).toEqual(before)
    } finally {
      await bar('drop constraint bar')
    }
    expect(await added()).toEqual([])
    // As if it had never been called.
    expect((await me.browser.mutate(path, input)).statusCode).toBe(200)
  })
})

describe.each(mutations)('$path', ({ path }) => {
  it.skipIf(onPostgres)('is not moved by fields that it does not have: whose it is, and what they may', async () => {
    const { me, input } = await begin(path)
    const other = await signedIn(app)
    const { db } = app.database
    const standing = async (id: string) =>
      (await db.select().from(users).where(eq(users.id, id))).map(({ id, role, isActive }) => ({ id, role, isActive }))
    const admins = () => db.$count(users, eq(users.role, 'admin'))
    const theirs = () => everything(other.id)
    const before = [await standing(me.id), await admins(), await theirs()]
    const more = {
      id: other.id,
      ...(!namesUser.has(path) && { userId: other.id }),
      ownerId: other.id,
      actorId: other.id,
      authorId: other.id,
      personId: other.id,
    }
    const rights = {
      role: 'admin',
      isActive: false,
      emailVerified: true,
      isAdmin: true,
      user: { id: other.id, role: 'admin' },
    }
    const answer = await me.browser.mutate(path, { ...more, ...rights, ...input })
    expect(answer.statusCode, answer.body).toBe(200)
    expect([await standing(me.id), await admins(), await theirs()]).toEqual(before)
  })
})

describe.each(repeatable ?? [])('$path', ({ path }) => {
  it('takes effect once for a key, and answers a repeat as it did then', async () => {
    const { me, input, added } = await begin(path)
    const key = { 'idempotency-key': newId() }
    const first = await me.browser.mutate(path, input, key)
    expect(first.statusCode, first.body).toBe(200)
    const repeat = await me.browser.mutate(path, input, key)
    expect(repeat.statusCode, repeat.body).toBe(200)
    expect(repeat.json()).toEqual(first.json())
    expect(await added()).toHaveLength(1)
  })

  it.skipIf(onPostgres)('refuses a key that was for something else', async () => {
    const { me, input, other, added } = await begin(path)
    const key = { 'idempotency-key': newId() }
    expect((await me.browser.mutate(path, input, key)).statusCode).toBe(200)
    const answer = await (other
      ? me.browser.mutate(path, other, key)
      : me.browser.mutate('drafts.create', { title: 'x' }, key))
    expect([answer.statusCode, codeOf(answer)]).toEqual([422, 'IDEMPOTENCY_MISMATCH'])
    expect(await added()).toHaveLength(1)
  })
})

describe.each(secretOnes ?? [])('$path, whose input or answer is secret', ({ path }) => {
  it.skipIf(onPostgres)('keeps nothing for a key', async () => {
    const { me, input } = await begin(path)
    const before = await app.database.db.$count(idempotencyKeys)
    expect((await me.browser.mutate(path, input, { 'idempotency-key': newId() })).statusCode).toBe(200)
    expect(await app.database.db.$count(idempotencyKeys)).toBe(before)
  })
})
