import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { draftOf } from '../../test/followers.ts'
import { until } from '../../test/until.ts'
import { diskFullMessage } from './disk-watch.ts'

/** As the database reports a full disk, wherever a table grows. */
const tables = ['draft_segments', 'events', 'rate_limits', 'audit_logs']

it('a full disk is reported as such, reads continue, writes continue once there is space, and acknowledged writes are stored', async () => {
  const app = await buildTestApp({ times: { database: { probeDiskEveryMs: 50 } } })
  const { db } = app.database
  const me = await app.enter()
  const { id: draftId } = await draftOf(app, me)
  const append = (text: string) => me.browser.mutate('drafts.append', { draftId, segmentId: randomUUID(), text })
  const readiness = async () => (await me.browser.get('/readyz')).json()
  const stored = async () =>
    (await me.browser.query('drafts.get', { draftId }))
      .json()
      .result.data.segments.map(({ text }: { text: string }) => text)
  expect((await append('before')).statusCode).toBe(200)
  app.expectErrorLog(/The database has no space left/)
  await db.execute(sql`create function no_room() returns trigger language plpgsql as $$
    begin raise exception 'could not extend file' using errcode = '53100'; end $$`)
  for (const table of tables) {
    await db.execute(sql.raw(`create trigger no_room before insert on ${table} execute function no_room()`))
  }

  const refused = await append('refused')
  expect(refused.statusCode).toBe(503)
  expect(refused.json().error).toMatchObject({
    message: expect.stringMatching(/^The database has no space left, so this was not stored\./),
    data: { code: 'DATABASE_UNAVAILABLE', retryAfterS: 10 },
  })
  expect(refused.headers['retry-after']).toBe('10')
  expect(await readiness()).toEqual({ status: 'disk-full', message: diskFullMessage })
  expect((await append('refused again')).statusCode).toBe(503)
  expect(await stored()).toEqual(['before'])
  expect(app.logs.filter(({ msg }) => msg === diskFullMessage)).toHaveLength(1)

  for (const table of tables) await db.execute(sql.raw(`drop trigger no_room on ${table}`))
  await until('ready again', async () => (await readiness()).status === 'ready')
  expect((await append('after')).statusCode).toBe(200)
  expect(await stored()).toEqual(['before', 'after'])
  expect(app.logs.filter(({ msg }) => /has space again/.test(msg))).toHaveLength(1)
})
