/** Two instances on one database: what one ends is over on the other by its notice, and by the next checks where none is heard. */
import { afterAll, describe, expect, it } from 'vitest'
import type { PlinthTimes } from '../../app.ts'
import { buildTestApp, newPerson, quickChecks, type TestApp } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { makeAdministrator, signInAgain } from '../../test/calls.ts'
import { createTestDatabase } from '../../test/database.ts'
import { signedIn } from '../../test/followers.ts'
import { anotherPassword, forgotten, givePassword } from '../../test/passwords.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
/** Longer than any test: only a notice ends anything here. */
const never: PlinthTimes = {
  identity: { trustMs: 600_000, checkEveryMs: 600_000 },
  live: { checkAccessEveryMs: 600_000 },
}
const [a, b] = [await instance(never), await instance(never)]
const url = await b.listen()
const urlOfA = await a.listen()
/** Their notices are lost. */
const [mute, deaf] = [await instance(quickChecks), await instance(quickChecks)]
const urlOfDeaf = await deaf.listen()
mute.database.notify = async () => {}

function instance(times: PlinthTimes) {
  return buildTestApp({ environment: { DATABASE_URL: database.url }, times })
}

/** The same browser, asking another instance. */
function at(app: TestApp, browser: TestBrowser) {
  const same = app.browser()
  for (const [name, value] of browser.cookies) same.cookies.set(name, value)
  return same
}

/** A session that `end` ends on one instance is refused on the other, and its open socket is closed with the reason. */
async function expectEnd(end: (browser: TestBrowser) => Promise<unknown>, here = a, there = b, urlOfThere = url) {
  const browser = await here.signIn()
  const elsewhere = at(there, browser)
  expect((await elsewhere.get('/me')).statusCode).toBe(200)
  const socket = await TestSocket.openAs(urlOfThere, browser)
  await socket.subscribe('account.onSessionEnded')
  await end(browser)
  await Promise.all([
    until('the refusal', async () => (await elsewhere.get('/me')).statusCode === 401),
    until('the word', () => socket.answers.some(({ result }) => result?.data)),
    socket.closed(),
  ])
  expect(socket.close).toMatchObject({ code: 4401 })
}

const signOut = (browser: TestBrowser) => browser.send({ method: 'POST', url: '/auth/logout' })

describe('a session that another instance ended', () => {
  it('is over here by its notice', async () => {
    // The first may come before this instance listens, and is found when it begins to.
    for (let n = 0; n < 2; n++) await expectEnd(signOut)
  })

  it('is over here by the next checks when every notice is lost', async () => {
    for (let n = 0; n < 3; n++) await expectEnd(signOut, mute, deaf, urlOfDeaf)
  })

  it('is over here for requests alone, too, when every notice is lost', async () => {
    const browser = await mute.signIn()
    const elsewhere = at(deaf, browser)
    expect((await elsewhere.get('/me')).statusCode).toBe(200)
    await signOut(browser)
    await until('the refusal', async () => (await elsewhere.get('/me')).statusCode === 401)
  })

  it('is over here when telling fails, and who ended it is not told of that', async () => {
    const { notify } = mute.database
    mute.database.notify = async () => {
      throw new Error('not now')
    }
    try {
      const end = async (browser: TestBrowser) => expect((await signOut(browser)).statusCode).toBe(204)
      await expectEnd(end, mute, deaf, urlOfDeaf)
    } finally {
      mute.database.notify = notify
    }
  })

  it('is over here when a look at the database at that moment found it alive', async () => {
    for (let n = 0; n < 10; n++) {
      const claims = newPerson()
      const [here, there] = [await a.signIn(claims), await a.signIn(claims)]
      const onB = at(b, there)
      let ended = false
      const asking = until('the end', async () => (await onB.get('/me')) && ended)
      await here.mutate('account.sessions.revokeOthers')
      ended = true
      await asking
      await until('the refusal', async () => (await onB.get('/me')).statusCode === 401)
    }
  })
})

interface Held {
  browser: TestBrowser
  id: string
}
const done = async (answer: ReturnType<TestBrowser['mutate']>) => {
  const { statusCode, body } = await answer
  expect(statusCode, body).toBe(200)
}
async function administrator() {
  const admin = await signedIn(a)
  await makeAdministrator(a, admin)
  return admin.browser
}
/** Each prepares itself, and then ends by what it returns. */
const ends: Record<string, (held: Held) => Promise<() => Promise<unknown>>> = {
  'signing out':
    async ({ browser }) =>
    () =>
      signOut(browser),
  'ending all others': async (held) => {
    const elsewhere = await signInAgain(a, held)
    return () => done(elsewhere.mutate('account.sessions.revokeOthers'))
  },
  'another password': async (held) => {
    const { password: currentPassword } = await givePassword(a, held)
    const elsewhere = await signInAgain(a, held)
    const change = { currentPassword, newPassword: anotherPassword() }
    return () => done(elsewhere.mutate('account.changePassword', change))
  },
  'a password by mail': async ({ browser }) => {
    const token = await forgotten(a, (await browser.get('/me')).json().email)
    return () => done(a.browser().mutate('auth.resetPassword', { token, newPassword: anotherPassword() }))
  },
  'disabling its person': async ({ id }) => {
    const admin = await administrator()
    return () => done(admin.mutate('people.disable', { personId: id }))
  },
  'an administrator': async ({ id }) => {
    const admin = await administrator()
    return () => done(admin.mutate('people.endSessions', { personId: id }))
  },
}

/** From what ended a session on A to its end for requests and sockets on both, in milliseconds. */
async function timesOnBoth(prepare: (typeof ends)[string]): Promise<number[]> {
  const held = await signedIn(a)
  // Signing out takes it from the browser.
  const [onA, onB] = [at(a, held.browser), at(b, held.browser)]
  const sockets = [await TestSocket.openAs(urlOfA, onA), await TestSocket.openAs(url, onB)]
  for (const browser of [onA, onB]) expect((await browser.get('/me')).statusCode).toBe(200)
  const end = await prepare(held)
  await end()
  const began = performance.now()
  const since = () => performance.now() - began
  const refused = [onA, onB].map((browser) =>
    until('the refusal', async () => (await browser.get('/me')).statusCode === 401).then(since),
  )
  const closed = sockets.map((socket) => socket.closed().then(since))
  const times = await Promise.all([...refused, ...closed])
  expect(sockets.map(({ close }) => close?.code)).toEqual([4401, 4401])
  return times
}

describe('a session of a cookie', () => {
  it.each(Object.entries(ends))('ended by %s is over on both instances by its notice', async (what, prepare) => {
    const times = (await Promise.all(Array.from({ length: 3 }, () => timesOnBoth(prepare)))).flat()
    report(`by ${what}`, times)
  })

  it('of a person with a lesser role may less on both instances by its notice, in calls and on sockets', async () => {
    const admin = await administrator()
    const times = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const held = await signedIn(a)
        await makeAdministrator(a, held)
        const [onA, onB] = [at(a, held.browser), at(b, held.browser)]
        const sockets = [await TestSocket.openAs(urlOfA, onA), await TestSocket.openAs(url, onB)]
        const asks = [
          ...[onA, onB].map((browser) => async () => (await browser.query('people.list')).statusCode),
          ...sockets.map((socket) => async () => {
            const { result, error } = await socket.call('query', 'people.list')
            return error?.data.httpStatus ?? (result && 200)
          }),
        ]
        const all = (status: number) => asks.map((ask) => until(`${status}`, async () => (await ask()) === status))
        await Promise.all(all(200))
        await done(admin.mutate('people.changeRole', { personId: held.id, role: 'viewer' }))
        const began = performance.now()
        const times = await Promise.all(all(403).map((one) => one.then(() => performance.now() - began)))
        for (const { ws } of sockets) ws.close()
        return times
      }),
    )
    report('by a lesser role', times.flat())
  })
})

/** For whoever wants to know; docs/auth.md says what is promised. */
function report(what: string, times: number[]) {
  const sorted = times.map(Math.round).sort((x, y) => x - y)
  const p = (part: number) => sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)]
  process.stdout.write(`ended ${what}: p50 ${p(0.5)} ms, p99 ${p(0.99)} ms of ${sorted.length}\n`)
}
