/** Hono and Drizzle, one prepared statement. */
import { serve } from '@hono/node-server'
import { and, eq, gt, isNull, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { Hono } from 'hono'
import { sessions, users } from '../../server/platform/identity/table.ts'
import { openPool, tellPort, tokenHashOf, unauthorized } from './me.ts'

const find = drizzle(openPool())
  .select({
    id: users.id,
    email: users.email,
    emailVerified: users.emailVerified,
    username: users.username,
    displayName: users.displayName,
    avatarUrl: users.avatarUrl,
    role: users.role,
    createdAt: users.createdAt,
    lastLoginAt: users.lastLoginAt,
  })
  .from(sessions)
  .innerJoin(users, eq(users.id, sessions.userId))
  .where(
    and(
      eq(sessions.tokenHash, sql.placeholder('tokenHash')),
      isNull(sessions.endedAt),
      gt(sessions.expiresAt, sql`now()`),
      gt(sessions.lastUsedAt, sql`now() - interval '7 days'`),
      eq(users.isActive, true),
    ),
  )
  .prepare('me')

const app = new Hono()
app.get('/me', async (c) => {
  const [person] = await find.execute({ tokenHash: tokenHashOf(c.req.header('cookie')) })
  return person ? c.json(person) : c.json(unauthorized, 401)
})
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, tellPort)
