/** Two instances on one database: what one ends is over on the other within five seconds, heard or not. */
import { afterAll, describe, expect, it } from 'vitest'
import { buildTestApp, newPerson, type TestApp } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { createTestDatabase } from '../../test/database.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const [a, b] = [await instance(), await instance()]
const url = await b.listen()

function instance() {
  return buildTestApp({ environment: { DATABASE_URL: database.url } })
}

/** The same browser, asking another instance. */
function at(app: TestApp, browser: TestBrowser) {
  const same = app.browser()
  for (const [name, value] of browser.cookies) same.cookies.set(name, value)
  return same
}

/** From the end of a session on A to its end for requests and sockets on B, in milliseconds. */
async function timeToEnd(end: (browser: TestBrowser) => Promise<unknown>) {
  const browser = await a.signIn()
  const onB = at(b, browser)
  expect((await onB.get('/me')).statusCode).toBe(200)
  const socket = await TestSocket.openAs(url, browser)
  await socket.subscribe('account.onSessionEnded')
  await end(browser)
  const began = performance.now()
  const since = () => Math.round(performance.now() - began)
  const requests = until('the refusal', async () => (await onB.get('/me')).statusCode === 401, 5000).then(since)
  const told = until('the word', () => socket.answers.some(({ result }) => result?.data), 5000).then(since)
  const closed = socket.closed(5000).then(since)
  const times = { requests: await requests, told: await told, closed: await closed }
  expect(socket.close).toMatchObject({ code: 4401 })
  return times
}

const signOut = (browser: TestBrowser) => browser.send({ method: 'POST', url: '/auth/logout' })

describe('a session that another instance ended', () => {
  it('is over here within 5 s by its notice', async () => {
    // Listening begins beside the start.
    await until('A is heard by B', async () => (await timeToEnd(signOut)).told < 1000)
    const times = await timeToEnd(signOut)
    expect(Math.max(...Object.values(times))).toBeLessThan(1500)
  })

  it('is over here within 5 s when every notice is lost', async () => {
    const { notify } = a.database
    a.database.notify = async () => {}
    try {
      for (let n = 0; n < 3; n++) {
        const times = await timeToEnd(signOut)
        expect(Math.max(...Object.values(times))).toBeLessThan(5000)
      }
    } finally {
      a.database.notify = notify
    }
  })

  it('is over here for requests alone, too, when every notice is lost', async () => {
    const { notify } = a.database
    a.database.notify = async () => {}
    try {
      const browser = await a.signIn()
      const onB = at(b, browser)
      expect((await onB.get('/me')).statusCode).toBe(200)
      await signOut(browser)
      await until('the refusal', async () => (await onB.get('/me')).statusCode === 401, 5000)
    } finally {
      a.database.notify = notify
    }
  })

  it('is over here when telling fails, and who ended it is not told of that', async () => {
    const { notify } = a.database
    a.database.notify = async () => {
      throw new Error('not now')
    }
    try {
      await timeToEnd(async (browser) => expect((await signOut(browser)).statusCode).toBe(204))
    } finally {
      a.database.notify = notify
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
      await until('the refusal', async () => (await onB.get('/me')).statusCode === 401, 5000)
    }
  })
})
