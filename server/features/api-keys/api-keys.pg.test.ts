/** API keys on two instances of one database: races at their making, and their end on both. */
import { and, eq, sql } from 'drizzle-orm'
import { afterAll, describe, expect, it } from 'vitest'
import { apiKeyLimits } from '../../../shared/api-keys.ts'
import { rowsOf } from '../../platform/db/rows.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { lockPerson } from '../../platform/identity/people.ts'
import { isApiKey } from '../../platform/identity/sessions.ts'
import { sessions } from '../../platform/identity/table.ts'
import { keyOf } from '../../test/api-keys.ts'
import { buildTestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const [a, b] = [await instance(), await instance()]
const url = await b.listen()

function instance() {
  return buildTestApp({ environment: { DATABASE_URL: database.url } })
}

const asked = { name: 'A program', scopes: ['draft:read'] }

describe('making a key', () => {
  it('ten at once with room for one makes one', async () => {
    const me = await signedIn(a)
    for (let n = 1; n < apiKeyLimits.perPerson; n++) await keyOf(a, me)
    const answers = await Promise.all(Array.from({ length: 10 }, () => me.browser.mutate('apiKeys.create', asked)))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array(9).fill(422)])
  })

  it('waits for who secures the account at that moment, and then makes none', async () => {
    const me = await signedIn(a)
    const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const securing = withTransaction(a.database.db, async (tx) => {
      await lockPerson(tx, me.id)
      await a.sessions.end(tx, me.id, 'all', 'account-changed')
      begun.resolve()
      await held.promise
    })
    await begun.promise
    const making = me.browser.mutate('apiKeys.create', asked)
    await until('the wait for their row', async () => {
      const waiting = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      return rowsOf(await b.database.db.execute(waiting)).length > 0
    })
    held.resolve()
    await securing
    expect((await making).json().error?.data.code).toBe('REAUTHENTICATION_REQUIRED')
    expect(await a.database.db.$count(sessions, and(eq(sessions.userId, me.id), isApiKey))).toBe(0)
  })
})

describe('a key that another instance revoked', () => {
  it.each([true, false])('is over here within 5 s for calls and sockets; its notice arrives: %s', async (arrives) => {
    const { notify } = a.database
    if (!arrives) a.database.notify = async () => {}
    try {
      const me = await signedIn(a)
      const { id: keyId, bearer } = await keyOf(a, me)
      const call = async () => (await b.root.inject({ url: '/me', headers: bearer })).statusCode
      expect(await call()).toBe(200)
      const socket = await TestSocket.open(url, bearer)
      await me.browser.mutate('apiKeys.revoke', { keyId })
      const refused = until('the refusal', async () => (await call()) === 401, 5000)
      expect(await socket.closed(5000)).toEqual({ code: 4401, reason: 'revoked' })
      await refused
    } finally {
      a.database.notify = notify
    }
  })
})
