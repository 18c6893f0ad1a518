import { asc, eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { draftOf, signedIn } from '../../test/followers.ts'
import { newId } from '../db/columns.ts'
import { withTransaction } from '../db/transaction.ts'
import { recordAudit } from './audit-log.ts'
import { auditLogs } from './table.ts'

const app = await buildTestApp()
const { db } = app.database
const recordsOf = (actorId: string) =>
  db.select().from(auditLogs).where(eq(auditLogs.actorId, actorId)).orderBy(asc(auditLogs.id))

describe('the audit log', () => {
  it('has what changed as it was and as it became', async () => {
    const me = await signedIn(app)
    const { id } = await draftOf(app, me)
    await me.browser.mutate('drafts.rename', { draftId: id, title: 'Better plan' })
    expect((await recordsOf(me.id)).at(-1)).toMatchObject({
      action: 'drafts.rename',
      before: { title: 'Plan' },
      after: { title: 'Better plan' },
    })
  })

  it('has what was removed', async () => {
    const me = await signedIn(app)
    const identityId = newId()
    await db.execute(
      sql`insert into identities (id, user_id, provider, subject) values (${identityId}, ${me.id}, 'google', ${identityId})`,
    )
    await me.browser.mutate('account.identities.unlink', { identityId })
    expect((await recordsOf(me.id)).at(-1)).toMatchObject({
      target: `identity:${identityId}`,
      before: { provider: 'google', subject: identityId },
      after: null,
    })
  })

  it('names a segment and does not repeat its text', async () => {
    const me = await signedIn(app)
    const { id } = await draftOf(app, me)
    const segmentId = newId()
    await me.browser.mutate('drafts.append', { draftId: id, segmentId, text: 'A paragraph.' })
    // The same again is no second change.
    await me.browser.mutate('drafts.append', { draftId: id, segmentId, text: 'A paragraph.' })
    const appended = (await recordsOf(me.id)).filter(({ action }) => action === 'drafts.append')
    expect(appended).toMatchObject([{ before: null, after: { segmentId, position: 1 } }])
  })

  it('has signing in and out', async () => {
    const browser = await app.signIn()
    const { id } = (await browser.get('/me')).json()
    const { items } = (await browser.query('account.sessions.list')).json().result.data
    await browser.send({ method: 'POST', url: '/auth/logout' })
    expect(await recordsOf(id)).toMatchObject([
      { action: 'auth.signIn', target: `session:${items[0].id}`, after: { provider: 'google' } },
      { action: 'auth.signOut', target: `session:${items[0].id}`, after: { reason: 'signed-out' } },
    ])
  })

  it('has nothing of what was refused', async () => {
    const [me, stranger] = [await signedIn(app), await signedIn(app)]
    const { id } = await draftOf(app, me)
    const before = await recordsOf(stranger.id)
    expect((await stranger.browser.mutate('drafts.rename', { draftId: id, title: 'Mine' })).statusCode).toBe(404)
    expect(await recordsOf(stranger.id)).toEqual(before)
  })

  it('holds no secret, however deep', async () => {
    const actorId = newId()
    const secrets = {
      password: 'hunter2',
      nested: [{ refreshToken: 'r', codes: 1 }],
      code: 'c',
      tokenHash: null,
      title: 'T',
    }
    await withTransaction(db, (tx) =>
      recordAudit(tx, {
        actorId,
        action: 'a',
        target: 't:1',
        ip: '::1',
        requestId: 'r',
        before: secrets,
        after: secrets,
      }),
    )
    const kept = {
      password: '[removed]',
      nested: [{ refreshToken: '[removed]', codes: 1 }],
      code: '[removed]',
      tokenHash: null,
      title: 'T',
    }
    expect(await recordsOf(actorId)).toMatchObject([{ before: kept, after: kept }])
  })

  it('is never changed', async () => {
    const change = db.update(auditLogs).set({ action: 'nothing' })
    await expect(change).rejects.toMatchObject({ cause: { message: 'rows of audit_logs are never changed' } })
  })
})
