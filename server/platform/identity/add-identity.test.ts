import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { identitiesPerUser } from '../../../shared/account.ts'
import { buildTestApp, newPerson, publicUrl, type TestApp } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { mailsTo } from '../../test/passwords.ts'
import { auditLogs } from '../audit/table.ts'
import { identities, sessions, users } from './table.ts'

const apps = {
  cookies: await buildTestApp(),
  jwt: await buildTestApp({ environment: { AUTH_SESSION_MODE: 'jwt' } }),
}

type Answer = Awaited<ReturnType<TestBrowser['get']>>

/** What the page of sign-in methods is shown after the callback. */
function outcome({ headers }: Answer) {
  const { pathname, searchParams } = new URL(String(headers.location), publicUrl)
  return [pathname, searchParams.get('added') ?? searchParams.get('error')]
}
const methodsPage = '/account/sign-in-methods'
const start = (browser: TestBrowser, headers = {}) => browser.mutate('account.identities.startAdding', {}, headers)
const urlOf = (answer: Answer) => new URL(answer.json().result.data.url)
const idOf = async (browser: TestBrowser) => String((await browser.get('/me')).json().id)
const identitiesOf = (app: TestApp, id: string) =>
  app.database.db.select().from(identities).where(eq(identities.userId, id)).orderBy(identities.id)

describe.each(Object.entries(apps))('adding a Google account, with AUTH_SESSION_MODE=%s', (_mode, app) => {
  const { db } = app.database
  const signedIn = async () => {
    const claims = newPerson()
    const browser = await app.signIn(claims)
    return { claims, browser, id: await idOf(browser) }
  }

  it('adds it whatever its address, records it, mails the user, and lists it', async () => {
    const { claims, browser, id } = await signedIn()
    const added = newPerson()
    expect(outcome(await app.addGoogle(browser, added))).toEqual([methodsPage, 'google'])
    const [, row] = await identitiesOf(app, id)
    expect(row).toMatchObject({ ...app.googleIdentity(added.sub), email: added.email })
    expect(await mailsTo(app, claims.email)).toEqual(['sign-in-method-added'])
    const records = await db
      .select()
      .from(auditLogs)
      .where(eq(auditLogs.target, `identity:${row?.id}`))
    expect(records).toMatchObject([
      { actorId: id, action: 'account.identities.add', after: { provider: 'google', email: added.email } },
    ])
    const { items } = (await browser.query('account.identities.list')).json().result.data
    expect(items.map(({ email }: { email: string }) => email)).toEqual([claims.email, added.email])
    expect(await idOf(await app.signIn(added))).toBe(id)
  })

  it('changes nothing when the user has it already', async () => {
    const { claims, browser, id } = await signedIn()
    expect(outcome(await app.addGoogle(browser, claims))).toEqual([methodsPage, 'google'])
    expect(await identitiesOf(app, id)).toHaveLength(1)
    expect(await mailsTo(app, claims.email)).toEqual([])
  })

  it('refuses one of another user, and merges nothing', async () => {
    const [mine, theirs] = [await signedIn(), await signedIn()]
    expect(outcome(await app.addGoogle(mine.browser, theirs.claims))).toEqual([methodsPage, 'SIGN_IN_METHOD_TAKEN'])
    expect(await identitiesOf(app, mine.id)).toHaveLength(1)
    expect(await idOf(await app.signIn(theirs.claims))).toBe(theirs.id)
  })

  it('stops at the limit of identities', async () => {
    const { browser, id } = await signedIn()
    const more = Array.from({ length: identitiesPerUser - 1 }, () => ({
      userId: id,
      ...app.googleIdentity(newPerson().sub),
    }))
    await db.insert(identities).values(more)
    expect(outcome(await app.addGoogle(browser))).toEqual([methodsPage, 'SIGN_IN_METHOD_LIMIT_REACHED'])
    expect(await identitiesOf(app, id)).toHaveLength(identitiesPerUser)
  })

  it('needs a fresh sign-in', async () => {
    const { browser, id } = await signedIn()
    await db
      .update(sessions)
      .set({ authenticatedAt: sql`now() - interval '11 minutes'` })
      .where(eq(sessions.userId, id))
    expect((await start(browser)).json().error.data.code).toBe('REAUTHENTICATION_REQUIRED')
  })

  it('is not finished once the sign-in that started it is no longer fresh', async () => {
    const { browser, id } = await signedIn()
    const url = urlOf(await start(browser))
    await db
      .update(sessions)
      .set({ authenticatedAt: sql`now() - interval '11 minutes'` })
      .where(eq(sessions.userId, id))
    expect(outcome(await app.finishSignIn(browser, url))).toEqual([methodsPage, 'REAUTHENTICATION_REQUIRED'])
    expect(await identitiesOf(app, id)).toHaveLength(1)
  })

  it('is not started by another site', async () => {
    const { browser } = await signedIn()
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await start(browser, headers)).json().error.data.code).toBe('ORIGIN_NOT_ALLOWED')
    expect((await browser.get('/trpc/account.identities.startAdding')).statusCode).toBe(405)
  })

  it('is finished in the browser that started it, and nowhere else', async () => {
    const [attacker, victim] = [await signedIn(), await signedIn()]
    const url = urlOf(await start(attacker.browser))
    const forged = await app.finishSignIn(victim.browser, url)
    expect(outcome(forged)).toEqual(['/sign-in', 'SIGN_IN_EXPIRED'])
    // An attempt that was planted in the victim's browser with its cookie.
    for (const [name, value] of attacker.browser.cookies) {
      if (name.includes('plinth_sign_in_')) victim.browser.cookies.set(name, value)
    }
    expect(outcome(await app.finishSignIn(victim.browser, url))).toEqual([methodsPage, 'SIGN_IN_EXPIRED'])
    expect(await identitiesOf(app, attacker.id)).toHaveLength(1)
    expect(await identitiesOf(app, victim.id)).toHaveLength(1)
  })

  it('is not finished for a user who signed out since, or signed in as another one', async () => {
    const { browser, id } = await signedIn()
    const url = urlOf(await start(browser))
    const later = urlOf(await start(browser))
    await app.signIn({}, browser)
    expect(outcome(await app.finishSignIn(browser, url))).toEqual([methodsPage, 'SIGN_IN_EXPIRED'])
    await browser.send({ method: 'POST', url: '/auth/logout' })
    expect(outcome(await app.finishSignIn(browser, later))).toEqual([methodsPage, 'SIGN_IN_EXPIRED'])
    expect(await identitiesOf(app, id)).toHaveLength(1)
  })

  it('is not finished once the session was ended from another device', async () => {
    const { browser, id } = await signedIn()
    const url = urlOf(await start(browser))
    await db.update(sessions).set({ endedAt: sql`now()` }).where(eq(sessions.userId, id))
    const [, code] = outcome(await app.finishSignIn(browser, url))
    expect(['SIGN_IN_EXPIRED', 'SESSION_ENDED']).toContain(code)
    expect(await identitiesOf(app, id)).toHaveLength(1)
  })

  it('adds one of ten callbacks at once', async () => {
    const { browser, id } = await signedIn()
    const added = newPerson()
    const url = urlOf(await start(browser))
    await Promise.all(Array.from({ length: 10 }, () => app.finishSignIn(browser, url, added)))
    expect(await identitiesOf(app, id)).toHaveLength(2)
  })
})

it('gives one identity to one of two users who add it at once', async () => {
  const app = apps.cookies
  const added = newPerson()
  const both = await Promise.all([app.enter(), app.enter()])
  const answers = await Promise.all(both.map(({ browser }) => app.addGoogle(browser, added)))
  expect(answers.map((answer) => outcome(answer)[1]).sort()).toEqual(['SIGN_IN_METHOD_TAKEN', 'google'])
  expect(await app.database.db.$count(identities, eq(identities.subject, added.sub))).toBe(1)
  expect(await app.database.db.$count(users, eq(users.email, added.email))).toBe(0)
})
