/** What was opened with an access token ends with it, and no session of anybody. */
import { eq } from 'drizzle-orm'
import { expect, it, onTestFinished, vi } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { openProgram } from '../../test/programs.ts'
import { TestSocket } from '../../test/socket.ts'
import { nowS } from '../../test/token-issuer.ts'
import { sessions, type User, users } from '../identity/table.ts'

const app = await buildTestApp()
const url = await app.listen()

/** A token in the last half second of its life: the server's clock is what is moved. */
async function shortToken() {
  const { sessionId } = await openProgram(app)
  const [row] = await app.database.db
    .select({ user: users })
    .from(users)
    .innerJoin(sessions, eq(sessions.userId, users.id))
    .where(eq(sessions.id, sessionId))
  const token = await app.inside.accessTokens.sign(row?.user as User, { id: sessionId, refreshCounter: 0 }, nowS())
  const { expiresAtS } = (await app.inside.accessTokens.verify(token)) ?? expect.unreachable('it is good')
  const clock = vi.spyOn(app.sessions, 'nowS', 'get').mockReturnValue(expiresAtS - 0.5)
  onTestFinished(() => clock.mockRestore())
  return { token, runOut: () => void clock.mockReturnValue(expiresAtS) }
}

it('a socket closes with 4401 when its token runs out, and says that it is the token', async () => {
  const { token } = await shortToken()
  const socket = await TestSocket.openByToken(url, token)
  socket.send('subscription', 'account.onSessionEnded')
  expect(await socket.closed()).toEqual({ code: 4401, reason: 'token-expired' })
  // The session was not said to be over.
  expect(socket.answers.filter(({ result }) => result?.data)).toEqual([])
})

it('an event stream ends when its token runs out', async () => {
  const { token, runOut } = await shortToken()
  const headers = { authorization: `Bearer ${token}` }
  const stream = await fetch(`${url}/trpc/account.onSessionEnded`, { headers })
  expect(stream.status).toBe(200)
  // Cut, and not ended: a client comes back.
  await expect(stream.text()).rejects.toThrow()
  runOut()
  expect((await fetch(`${url}/me`, { headers })).status).toBe(401)
})

it('a token that has run out opens neither', async () => {
  const { sessionId } = await openProgram(app)
  const [row] = await app.database.db.select().from(sessions).where(eq(sessions.id, sessionId))
  const [user] = await app.database.db
    .select()
    .from(users)
    .where(eq(users.id, row?.userId ?? ''))
  const token = await app.inside.accessTokens.sign(user as User, { id: sessionId, refreshCounter: 0 }, nowS() - 901)
  const socket = await TestSocket.openByToken(url, token)
  expect((await socket.closed()).code).toBe(4401)
})
