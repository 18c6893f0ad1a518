/** Programs: they hold tokens of ours, and send them as they like. */

import { eq } from 'drizzle-orm'
import type { FastifyRequest, InjectOptions } from 'fastify'
import { withTransaction } from '../platform/db/transaction.ts'
import { type Door, openSession } from '../platform/identity/open-session.ts'
import { openByCode } from '../platform/identity/renew-session.ts'
import { type User, users } from '../platform/identity/table.ts'
import type { TestApp } from './app.ts'

/** A way in that nobody has: what opened these sessions does not matter. */
const unknown = { provider: 'password', issuer: null, subject: 'unknown' } as const

export class TestProgram {
  readonly sessionId: string
  accessToken: string
  refreshToken: string

  constructor({
    sessionId,
    accessToken,
    refreshToken,
  }: { sessionId: string; accessToken: string; refreshToken: string }) {
    this.sessionId = sessionId
    this.accessToken = accessToken
    this.refreshToken = refreshToken
  }

  get bearer() {
    return { authorization: `Bearer ${this.accessToken}` }
  }

  /** On `app`, as itself. */
  get(app: TestApp, url: string) {
    return app.root.inject({ url, headers: this.bearer })
  }

  /** A refresh with its token of now, which it goes on with when there is a new one. */
  async refresh(app: TestApp) {
    const answer = await refreshBy(app, this.refreshToken)
    if (answer.statusCode === 200) Object.assign(this, answer.json().result.data)
    return answer
  }
}

/** Somebody who has just signed in, by whatever way. */
export async function openProgram(app: TestApp, person?: { id: string }): Promise<TestProgram> {
  const { db } = app.database
  const [user] = person
    ? await db.select().from(users).where(eq(users.id, person.id))
    : await db.insert(users).values({ displayName: 'Ada' }).returning()
  const request = { ip: '127.0.0.1', id: 'r', headers: { 'user-agent': 'curl/8.0' } } as unknown as FastifyRequest
  const door = { app: app.inside, request, reply: null }
  const opened = await withTransaction(db, (tx) => openSession(door, tx, user as User, unknown, 'program'))
  return new TestProgram(opened as ConstructorParameters<typeof TestProgram>[0])
}

/** The code with which a provider's sign-in comes back to a page, and the cookie that goes with it. */
export async function openCode(app: TestApp, { id }: { id: string }) {
  const { db } = app.database
  const [user] = await db.select().from(users).where(eq(users.id, id))
  const cookie = { name: '', value: '' }
  const reply = { setCookie: (name: string, value: string) => Object.assign(cookie, { name, value }) }
  const request = { ip: '127.0.0.1', id: 'r', headers: {} }
  const door = { app: app.inside, request, reply } as unknown as Door
  const { code, sessionId } = await withTransaction(db, (tx) => openByCode(door, tx, user as User, unknown))
  return { code, sessionId, cookie }
}

export function refreshBy(app: TestApp, refreshToken: string, headers: Record<string, string> = {}) {
  return mutateBy(app, 'auth.refresh', { refreshToken }, headers)
}

/** A mutation, sent by a program. */
export function mutateBy(app: TestApp, path: string, input: unknown, headers: Record<string, string> = {}) {
  const call: InjectOptions = { method: 'POST', url: `/trpc/${path}`, payload: JSON.stringify(input) }
  return app.root.inject({ ...call, headers: { 'content-type': 'application/json', ...headers } })
}

export const codeOf = (answer: {
  json(): { error?: { data?: { code: string }; code?: string } }
}): string | undefined => {
  const { error } = answer.json()
  return error?.data?.code ?? error?.code
}
