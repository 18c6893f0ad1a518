/** Two instances on one database: refreshes that meet, and the end of a session of tokens, heard or not. */
import { eq } from 'drizzle-orm'
import { afterAll, describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { makeAdministrator, signInAgain } from '../../test/calls.ts'
import { createTestDatabase } from '../../test/database.ts'
import { signedIn } from '../../test/followers.ts'
import { anotherPassword, forgotten, givePassword } from '../../test/passwords.ts'
import { codeOf, mutateBy, openProgram, refreshBy, type TestProgram } from '../../test/programs.ts'
import { TestSocket } from '../../test/socket.ts'
import { TcpProxy } from '../../test/tcp-proxy.ts'
import { until } from '../../test/until.ts'
import { mails } from '../mail/table.ts'
import { readRefreshToken } from './refresh-token.ts'
import { sessions, users } from './table.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const secrets = Object.fromEntries(
  ['COOKIE_SECRET', 'JWT_ACCESS_SECRET', 'JWT_REFRESH_SECRET'].map((name) => [
    name,
    `${name} that both instances have, 0123456789`,
  ]),
)
const instance = () => buildTestApp({ environment: { DATABASE_URL: database.url, ...secrets } })
const [a, b] = [await instance(), await instance()]
const url = await b.listen()

const rowOf = async ({ sessionId }: TestProgram) =>
  (await a.database.db.select().from(sessions).where(eq(sessions.id, sessionId)))[0] ?? expect.unreachable()
const counterOf = (token: string) => readRefreshToken(a.inside.config, token)?.counter
const tokenOf = (answer: { json(): { result: { data: { refreshToken: string } } } }) =>
  answer.json().result.data.refreshToken

describe('ten refreshes with one token at once, on two instances', () => {
  it('have one successor, 30 times, and sign nobody out', async () => {
    const program = await openProgram(a)
    for (let round = 1; round <= 30; round++) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) => refreshBy(n % 2 ? a : b, program.refreshToken)),
      )
      expect(answers.map(({ statusCode }) => statusCode)).toEqual(answers.map(() => 200))
      const [successor, ...more] = new Set(answers.map(tokenOf))
      expect(more).toEqual([])
      expect(counterOf(successor as string)).toBe(round)
      program.refreshToken = successor as string
    }
    expect(await rowOf(program)).toMatchObject({ refreshCounter: 30, endedAt: null })
  })
})

describe('a refresh beside a sign-out', () => {
  it('leaves nobody signed in, whichever comes first', async () => {
    for (let round = 0; round < 15; round++) {
      const program = await openProgram(a)
      const { refreshToken } = program
      const [signedOut, ...refreshed] = await Promise.all([
        mutateBy(a, 'auth.logout', { refreshToken }),
        refreshBy(b, refreshToken),
        refreshBy(a, refreshToken),
      ])
      expect(signedOut.statusCode).toBe(200)
      for (const answer of refreshed) {
        if (answer.statusCode === 200) expect(codeOf(await refreshBy(b, tokenOf(answer)))).toBe('SESSION_ENDED')
        else expect(codeOf(answer)).toBe('SESSION_ENDED')
      }
      expect(await rowOf(program)).toMatchObject({ endReason: 'signed-out' })
    }
  })
})

describe('a refresh beside a reset of the password', () => {
  it('leaves nobody signed in, whichever comes first', async () => {
    for (let round = 0; round < 4; round++) {
      const person = await signedIn(a)
      const program = await openProgram(a, person)
      const token = await forgotten(a, (await person.browser.get('/me')).json().email)
      const reset = mutateBy(a, 'auth.resetPassword', { token, newPassword: anotherPassword() })
      const refreshed: Awaited<ReturnType<typeof refreshBy>>[] = []
      // All the while: before its hash is made, beside its transaction, and after.
      const isReset = reset.then(() => true)
      while (
        !(await Promise.race([isReset, refreshBy(b, program.refreshToken).then((one) => void refreshed.push(one))]))
      );
      expect((await reset).statusCode).toBe(200)
      const tokens = [program.refreshToken, ...refreshed.filter(({ statusCode }) => statusCode === 200).map(tokenOf)]
      for (const one of new Set(tokens)) expect(codeOf(await refreshBy(b, one))).toBe('SESSION_ENDED')
      expect(await rowOf(program)).toMatchObject({ endReason: 'account-changed' })
    }
  })
})

describe('a refresh while the database is away', () => {
  it('is told to come again, and its token is as good as before when the database is back', async () => {
    const at = new URL(database.url)
    const proxy = await TcpProxy.before(Number(at.port || 5432))
    at.host = `127.0.0.1:${proxy.port}`
    const c = await buildTestApp({ environment: { DATABASE_URL: at.href, ...secrets } })
    const program = await openProgram(c)
    proxy.mode = 'hang-up'
    proxy.cut()
    const away = await refreshBy(c, program.refreshToken)
    expect([away.statusCode, codeOf(away)]).toEqual([503, 'DATABASE_UNAVAILABLE'])
    expect(away.cookies).toEqual([])
    proxy.mode = 'pass'
    await until('its return', async () => (await program.refresh(c)).statusCode === 200)
    expect((await program.get(c, '/me')).statusCode).toBe(200)
    expect(await rowOf(program)).toMatchObject({ endedAt: null, refreshCounter: 1 })
    await c.root.close()
    await proxy.close()
  })
})

describe('a stolen token and its owner’s, at the same moment', () => {
  it('end the session once, with one mail and one record of it', async () => {
    const { db } = a.database
    for (let round = 0; round < 5; round++) {
      const program = await openProgram(a)
      const { userId } = await rowOf(program)
      const email = `${userId}@example.org`
      await db.update(users).set({ email, emailVerified: true }).where(eq(users.id, userId))
      const stolen = program.refreshToken
      await program.refresh(a)
      await program.refresh(b)
      const codes = (await Promise.all([0, 1, 2, 3].map((n) => refreshBy(n % 2 ? a : b, stolen)))).map(codeOf)
      expect(codes.sort()).toEqual(['REFRESH_REUSED', 'SESSION_ENDED', 'SESSION_ENDED', 'SESSION_ENDED'])
      expect(await db.$count(mails, eq(mails.recipient, email))).toBe(1)
    }
  })
})

/** From what `end` did on A to its end for requests and sockets on B, and to the refusal of its refresh, in milliseconds. */
async function timesToEnd(end: (program: TestProgram) => Promise<unknown>): Promise<number[]> {
  const program = await openProgram(a, await signedIn(a))
  expect((await program.get(b, '/me')).statusCode).toBe(200)
  const socket = await TestSocket.openByToken(url, program.accessToken)
  await socket.subscribe('account.onSessionEnded')
  await end(program)
  const began = performance.now()
  const since = () => performance.now() - began
  const times = await Promise.all([
    until('the refusal', async () => (await program.get(b, '/me')).statusCode === 401, 5000).then(since),
    until('the last refresh', async () => (await refreshBy(b, program.refreshToken)).statusCode === 401, 5000).then(
      since,
    ),
    socket.closed(5000).then(since),
  ])
  expect(socket.close).toMatchObject({ code: 4401 })
  return times
}

const disable = async (program: TestProgram) => {
  const admin = await signedIn(a)
  await makeAdministrator(a, admin)
  const answer = await admin.browser.mutate('people.disable', { personId: (await rowOf(program)).userId })
  expect(answer.statusCode, answer.body).toBe(200)
}
const signOut = ({ refreshToken }: TestProgram) => mutateBy(a, 'auth.logout', { refreshToken })
const ownBrowser = async (program: TestProgram) => {
  const id = (await rowOf(program)).userId
  return { id, browser: await signInAgain(a, { id } as never) }
}
const endOthers = async (program: TestProgram) => {
  const { browser } = await ownBrowser(program)
  expect((await browser.mutate('account.sessions.revokeOthers')).statusCode).toBe(200)
}
const changePassword = async (program: TestProgram) => {
  const person = await ownBrowser(program)
  const { password: currentPassword } = await givePassword(a, person)
  const change = { currentPassword, newPassword: anotherPassword() }
  expect((await person.browser.mutate('account.changePassword', change)).statusCode).toBe(200)
}
const resetPassword = async (program: TestProgram) => {
  const { browser } = await ownBrowser(program)
  const token = await forgotten(a, (await browser.get('/me')).json().email)
  const answer = await mutateBy(a, 'auth.resetPassword', { token, newPassword: anotherPassword() })
  expect(answer.statusCode).toBe(200)
}
const endAll = async (program: TestProgram) => {
  const { userId } = await rowOf(program)
  a.sessions.announceEnded(await a.sessions.end(a.database.db, userId, 'all', 'account-changed'), 'account-changed')
}

describe('a session of tokens that another instance ended', () => {
  it.each([
    ['by signing out', signOut],
    ['by disabling its person', disable],
    ['by ending all of a person’s', endAll],
    ['by ending all others', endOthers],
    ['by another password', changePassword],
    ['by a password by mail', resetPassword],
  ])('%s is over here for requests, refreshes and sockets within 5 s', async (what, end) => {
    await until('A is heard by B', async () => Math.max(...(await timesToEnd(signOut))) < 1500)
    const times = (await Promise.all(Array.from({ length: 3 }, () => timesToEnd(end)))).flat()
    report(what, times)
    expect(Math.max(...times)).toBeLessThan(5000)
  })

  it('is over here when every notice is lost', async () => {
    const { notify } = a.database
    a.database.notify = async () => {}
    try {
      const times = (await Promise.all(Array.from({ length: 3 }, () => timesToEnd(signOut)))).flat()
      report('by signing out, unheard', times)
      expect(Math.max(...times)).toBeLessThan(5000)
    } finally {
      a.database.notify = notify
    }
  })

  it('leaves its person no role of before, though the token says it', async () => {
    const { id } = await signedIn(a)
    await makeAdministrator(a, { id } as never)
    const program = await openProgram(a, { id })
    const list = () => program.get(b, '/trpc/auditLog.list').then(({ statusCode }) => statusCode)
    expect(await list()).toBe(200)
    await a.database.db.update(users).set({ role: 'user' }).where(eq(users.id, id))
    a.sessions.announceChanged(id)
    const began = performance.now()
    await until('the refusal', async () => (await list()) === 403, 5000)
    report('by a lesser role', [performance.now() - began])
  })
})

/** For whoever wants to know; docs/auth.md says what is promised. */
function report(what: string, times: number[]) {
  const sorted = times.map(Math.round).sort((x, y) => x - y)
  const p = (part: number) => sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)]
  process.stdout.write(`ended ${what}: p50 ${p(0.5)} ms, p99 ${p(0.99)} ms of ${sorted.length}\n`)
}
