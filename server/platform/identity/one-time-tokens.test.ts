import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq, sql } from 'drizzle-orm'
import { afterAll, expect, it, onTestFinished, vi } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { createTestDatabase, onPostgres } from '../../test/database.ts'
import { registered } from '../../test/passwords.ts'
import { until } from '../../test/until.ts'
import { issueOneTimeToken } from './one-time-tokens.ts'
import { oneTimeTokens } from './table.ts'

const folder = mkdtempSync(join(tmpdir(), 'plinth-one-time-'))
const database = await createTestDatabase()
const environment = { DATABASE_URL: onPostgres ? database.url : `pglite://${join(folder, 'db')}` }
afterAll(async () => {
  await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

it('a token that has been over for a day is deleted soon after the next start, and no other', async () => {
  const first = await buildTestApp({ environment })
  const { id: userId } = await registered(first)
  const issue = async (hoursOver: number) => {
    const { db } = first.database
    const id = await issueOneTimeToken(db, { userId, purpose: 'sign-in' })
    const expiresAt = sql`now() - make_interval(hours => ${hoursOver}::int)`
    await db.update(oneTimeTokens).set({ expiresAt }).where(eq(oneTimeTokens.id, id))
    return id
  }
  const [old, over, open] = [await issue(25), await issue(23), await issue(-1)]
  await first.root.close()

  // What comes round begins at once.
  const random = vi.spyOn(Math, 'random').mockReturnValue(0)
  onTestFinished(() => random.mockRestore())
  const { db } = (await buildTestApp({ environment })).database
  const left = async () => (await db.select().from(oneTimeTokens)).map(({ id }) => id)
  await until('the old token to be gone', async () => !(await left()).includes(old))
  expect(await left()).toEqual(expect.arrayContaining([over, open]))
})
