/** What the database itself does for its audit log, asked with the rights that the server has. */
import { eq, sql } from 'drizzle-orm'
import { beforeEach, describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { newId } from '../db/columns.ts'
import { withTransaction } from '../db/transaction.ts'
import { deleteOldRecords } from './retention.ts'
import { auditLogs } from './table.ts'

const app = await buildTestApp()
const { db } = app.database
const day = 24 * 3_600_000

/** A record of so many days ago, with an id of then. */
async function recordOf(daysAgo: number) {
  const at = new Date(Date.now() - daysAgo * day)
  const time = at.getTime().toString(16).padStart(12, '0')
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7${newId().slice(15)}`
  await db.insert(auditLogs).values({ id, createdAt: at, action: 'test.act', target: 'test:1', requestId: 'r' })
  return id
}
const kept = async () => (await db.select().from(auditLogs).where(eq(auditLogs.action, 'test.act'))).map(({ id }) => id)
const why = (error: unknown): string => (error instanceof Error ? `${error.message} ${why(error.cause)}` : '')
const refusal = (statement: Promise<unknown>) => statement.then(() => 'done', why)

let old: string
let young: string
beforeEach(async () => {
  old = await recordOf(200)
  young = await recordOf(1)
})

describe('a record of the audit log', () => {
  it.each([
    ['changed', () => db.update(auditLogs).set({ target: 'other' })],
    ['deleted', () => db.delete(auditLogs)],
    ['deleted with all others', () => db.execute(sql`truncate audit_logs`)],
    ['deleted with what refers to it', () => db.execute(sql`truncate audit_logs cascade`)],
  ])('is not %s, by the server\u2019s own role either', async (_, act) => {
    expect(await refusal(Promise.resolve(act()))).toMatch(/rows of audit_logs are never/)
    expect(await kept()).toEqual(expect.arrayContaining([old, young]))
  })

  it('that is young is not deleted by whoever knows how retention is told', async () => {
    const deleting = withTransaction(db, async (tx) => {
      await tx.execute(sql`select set_config('plinth.audit_retention', 'on', true)`)
      await tx.delete(auditLogs).where(eq(auditLogs.id, young))
    })
    expect(await refusal(deleting)).toMatch(/never deleted before their time/)
    expect(await kept()).toContain(young)
  })

  it('goes when it is old enough, which is recorded; no other does, and nothing is recorded where none went', async () => {
    const work = () => deleteOldRecords(180 * day).work(db, new AbortController().signal)
    expect(await work()).toBeGreaterThanOrEqual(1)
    expect(await kept()).toContain(young)
    expect(await kept()).not.toContain(old)
    expect(await work()).toBe(0)
    const records = await db.select().from(auditLogs).where(eq(auditLogs.action, 'auditLog.retention'))
    expect(records).toMatchObject([{ actorId: null, target: 'auditLog:all', after: { deleted: expect.any(Number) } }])
    // The way is closed again.
    expect(await refusal(Promise.resolve(db.delete(auditLogs)))).toMatch(/rows of audit_logs are never/)
  })

  it('does not go before 90 days, whatever the retention', async () => {
    const work = deleteOldRecords(89 * day).work(db, new AbortController().signal)
    expect(await refusal(work)).toMatch(/kept for 90 days at least/)
    expect(await kept()).toEqual(expect.arrayContaining([old, young]))
  })
})
