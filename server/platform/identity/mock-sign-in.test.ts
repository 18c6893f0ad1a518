import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { buildTestApp, publicUrl, refusal } from '../../test/app.ts'
import { identities, sessions, users } from './table.ts'

const google = { GOOGLE_CLIENT_ID: undefined, GOOGLE_CLIENT_SECRET: undefined }
const app = await buildTestApp({ environment: { NODE_ENV: 'development', USE_MOCK_AUTH: 'true', ...google } })
const { db } = app.database

async function begin(query = '') {
  const browser = app.browser()
  const start = await browser.get(`/auth/google${query}`)
  const there = new URL(String(start.headers.location))
  expect(there.origin + there.pathname).toBe(`${publicUrl}/auth/google/callback`)
  return { browser, there }
}

async function signIn(query = '') {
  const { browser, there } = await begin(query)
  const answer = await browser.get(there.pathname + there.search)
  return { browser, answer }
}

describe('mock sign-in', () => {
  it('signs the demo person of each role in, with that role from the first moment', async () => {
    for (const role of ['engineer', 'viewer', 'admin']) {
      const { browser, answer } = await signIn(`?demo=${role}`)
      expect(answer.headers.location).toBe('/')
      expect((await browser.get('/me')).json()).toMatchObject({ email: `${role}@plinth.local`, role })
    }
  })

  it.each(['', '?demo=nobody', '?demo=user', '?demo=engineer&demo=viewer', '?demo=__proto__'])(
    'signs the admin in when asked for nobody it knows: %j',
    async (query) => {
      const { browser } = await signIn(query)
      expect((await browser.get('/me')).json().role).toBe('admin')
    },
  )

  it('uses the paths, cookies and tables of the real one, and asks nobody outside', async () => {
    const { browser, there } = await begin('?returnTo=%2Fdrafts')
    expect([...browser.cookies.keys()]).toEqual([expect.stringMatching(/^plinth_sign_in_/)])
    const answer = await browser.get(there.pathname + there.search)
    expect(answer.headers.location).toBe('/drafts')
    expect([...browser.cookies.keys()]).toEqual(['plinth_session'])
    const { id } = (await browser.get('/me')).json()
    expect(await db.select().from(identities).where(eq(identities.userId, id))).toMatchObject([
      { provider: 'google', subject: 'demo-admin' },
    ])
    expect(await db.$count(sessions, eq(sessions.userId, id))).toBeGreaterThan(0)
    expect(app.provider.asked).toEqual([])
  })

  it('keeps the rules of the state', async () => {
    const { browser, there } = await begin()
    const kept = new Map(browser.cookies)
    expect(refusal(await app.browser().get(there.pathname + there.search))).toBe('SIGN_IN_EXPIRED')
    expect(refusal(await browser.get(there.pathname + there.search))).toBeNull()
    for (const [name, value] of kept) browser.cookies.set(name, value)
    expect(refusal(await browser.get(there.pathname + there.search))).toBe('SIGN_IN_EXPIRED')
  })

  it('fails as the real one does', async () => {
    for (const [query, code] of [
      ['error=access_denied', 'SIGN_IN_CANCELLED'],
      ['code=demo-nobody', 'SIGN_IN_FAILED'],
      ['', 'SIGN_IN_FAILED'],
    ]) {
      const { browser, there } = await begin()
      const answer = await browser.get(`${there.pathname}?${query}&state=${there.searchParams.get('state')}`)
      expect(refusal(answer)).toBe(code)
    }
  })

  it('changes nobody who is there already', async () => {
    const { browser } = await signIn('?demo=viewer')
    const { id } = (await browser.get('/me')).json()
    await db.update(users).set({ role: 'user', displayName: 'Somebody' }).where(eq(users.id, id))
    const again = await signIn('?demo=viewer')
    expect((await again.browser.get('/me')).json()).toMatchObject({ id, role: 'user', displayName: 'Somebody' })
  })
})
