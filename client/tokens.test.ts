/** The client where AUTH_SESSION_MODE is `jwt`, as a page, as several tabs of one browser and as a program. */
import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { sessions } from '../server/platform/identity/table.ts'
import { keyOf } from '../server/test/api-keys.ts'
import { buildTestApp, publicUrl } from '../server/test/app.ts'
import type { TestBrowser } from '../server/test/browser.ts'
import { draftOf, range, signedIn } from '../server/test/followers.ts'
import { openProgram } from '../server/test/programs.ts'
import { until } from '../server/test/until.ts'
import { createPlinth, errorCode, type LiveTransport, type Plinth } from './plinth.ts'

const app = await buildTestApp({ environment: { AUTH_SESSION_MODE: 'jwt' } })
const url = await app.listen()
const realFetch = globalThis.fetch

const clients: Plinth[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** The browser's fetch, its cookies those of `browser`; counts what each procedure is called. */
function playBrowser(browser: TestBrowser) {
  const calls: string[] = []
  const play = {
    calls,
    fail: null as null | ((path: string) => Response | undefined),
    count: (path: string) => calls.filter((call) => call === path).length,
  }
  vi.stubGlobal('fetch', async (input: string, init: RequestInit) => {
    const path = new URL(input).pathname.replace('/trpc/', '')
    calls.push(path)
    const failure = play.fail?.(path)
    if (failure) return failure
    const headers = { ...(init.headers as object), cookie: browser.cookieHeader, origin: publicUrl }
    const answer = await realFetch(input, { ...init, headers, keepalive: false })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0/i.test(line)) browser.cookies.delete(name)
      else browser.cookies.set(name, value)
    }
    return answer
  })
  return play
}

/** A page of that browser, at `hash`. */
function openPage(hash = '') {
  const replaced: string[] = []
  vi.stubGlobal('location', { origin: url, pathname: '/drafts', search: '?a=1', hash })
  vi.stubGlobal('history', { state: null, replaceState: (_s: unknown, _t: string, to: string) => replaced.push(to) })
  const client = createPlinth({ url, pace: 0.05 })
  clients.push(client)
  return { client, replaced }
}

const endOf = async (personId: string) =>
  (await app.database.db.select().from(sessions).where(eq(sessions.userId, personId))).map((row) => row.endReason)

describe('a page', () => {
  it('that a provider’s sign-in comes back to exchanges the code first of all, and no address keeps it', async () => {
    const browser = app.browser()
    const answer = await app.finishSignIn(browser, await app.beginSignIn(browser, '/drafts?a=1#part'))
    const { hash } = new URL(String(answer.headers.location), publicUrl)
    expect([...browser.cookies.keys()]).toEqual([expect.stringMatching(/^plinth_code_/)])
    const play = playBrowser(browser)
    const { client, replaced } = openPage(hash)
    expect(replaced).toEqual(['/drafts?a=1#part'])
    const me = await client.account.me.query()
    expect(me.id).toMatch(/^[0-9a-f-]{36}$/)
    expect(play.calls).toEqual(['auth.exchange', 'account.me'])
    expect([...browser.cookies.keys()]).toEqual(['plinth_refresh'])
  })

  it('of a link with somebody else’s code is signed in as nobody', async () => {
    const theirs = app.browser()
    const answer = await app.finishSignIn(theirs, await app.beginSignIn(theirs))
    const { hash } = new URL(String(answer.headers.location), publicUrl)
    const browser = app.browser()
    playBrowser(browser)
    const { client } = openPage(hash)
    expect(errorCode(await client.account.me.query().catch((error) => error))).toBe('SIGN_IN_EXPIRED')
    expect(errorCode(await client.account.me.query().catch((error) => error))).toBe('UNAUTHENTICATED')
    expect(browser.cookies.size).toBe(0)
  })

  it('that is loaded anew finds out by itself, and asks for one token for all its calls', async () => {
    const { browser, id } = await signedIn(app)
    const play = playBrowser(browser)
    const { client } = openPage()
    const [me, list, renamed] = await Promise.all([
      client.account.me.query(),
      client.account.sessions.list.query({}),
      client.account.updateProfile.mutate({ displayName: 'Ada' }),
    ])
    expect([me.id, list.items.length, renamed.displayName]).toEqual([id, 1, 'Ada'])
    expect(play.count('auth.refresh')).toBe(1)
    await client.account.me.query()
    expect(play.count('auth.refresh')).toBe(1)
  })

  it('asks nothing more where there is no sign-in', async () => {
    const play = playBrowser(app.browser())
    const { client } = openPage()
    expect(errorCode(await client.account.me.query().catch((error) => error))).toBe('UNAUTHENTICATED')
    expect(play.calls).toEqual(['account.me'])
  })

  it('is signed out by the server’s word alone, never by one that does not answer', async () => {
    const { browser, id } = await signedIn(app)
    const play = playBrowser(browser)
    const { client } = openPage()
    await client.account.me.query()
    const later = Date.now() + 14.5 * 60_000
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => later)
    const away = { error: { message: 'away', data: { code: 'DATABASE_UNAVAILABLE' } } }
    for (const failure of [() => Response.json(away, { status: 503 }), () => Response.error()]) {
      play.fail = (path) => (path === 'auth.refresh' ? failure() : undefined)
      // The token is still good, and is used.
      expect((await client.account.me.query()).id).toBe(id)
    }
    play.fail = null
    expect((await client.account.me.query()).id).toBe(id)
    clock.mockRestore()
    expect(await endOf(id)).toEqual([null])
  })

  it('that signs out ends the session, and the next call is nobody’s', async () => {
    const { browser, id } = await signedIn(app)
    const play = playBrowser(browser)
    const { client } = openPage()
    await client.account.me.query()
    await client.signOut()
    expect(await endOf(id)).toEqual(['signed-out'])
    expect(browser.cookies.size).toBe(0)
    expect(errorCode(await client.account.me.query().catch((error) => error))).toBe('UNAUTHENTICATED')
    expect(play.count('auth.refresh')).toBe(1)
  })

  it('whose session somebody ended hears it once, and asks no more', async () => {
    const { browser, id } = await signedIn(app)
    const play = playBrowser(browser)
    const { client } = openPage()
    await client.account.me.query()
    app.sessions.announceEnded(await app.sessions.end(app.database.db, id, 'all', 'revoked'), 'revoked')
    expect(errorCode(await client.account.me.query().catch((error) => error))).toBe('SESSION_ENDED')
    expect(play.count('auth.refresh')).toBe(2)
  })
})

describe('tabs of one browser', () => {
  it.each([true, false])('refresh in the same moment, and all stay signed in (Web Locks: %s)', async (hasLocks) => {
    if (!hasLocks) vi.stubGlobal('navigator', {})
    const { browser, id } = await signedIn(app)
    playBrowser(browser)
    for (let round = 0; round < 10; round++) {
      const tabs = Array.from({ length: 4 }, () => openPage().client)
      const people = await Promise.all(tabs.map((tab) => tab.account.me.query()))
      expect(people.map((person) => person.id)).toEqual([id, id, id, id])
    }
    expect(await endOf(id)).toEqual([null])
  })

  it('of which one has signed in as somebody else go on as that person, and not as the one before', async () => {
    const { browser, id } = await signedIn(app)
    playBrowser(browser)
    const { client } = openPage()
    client.actAs((await client.account.me.query()).id)
    await app.signIn({}, Object.assign(browser, { accessToken: null }))
    const refused = await client.account.updateProfile.mutate({ displayName: 'Whose?' }).catch((error) => error)
    expect(errorCode(refused)).toBe('PERSON_CHANGED')
    expect((await client.account.me.query()).id).not.toBe(id)
  })
})

describe('streams', () => {
  it.each(['websocket', 'sse'] as const)(
    'over %s outlive the token that they began with, and miss nothing',
    async (transport) => {
      const owner = await signedIn(app)
      const draft = await draftOf(app, owner)
      const verify = app.inside.accessTokens.verify.bind(app.inside.accessTokens)
      // To the streams, tokens last half a second.
      vi.spyOn(app.inside.accessTokens, 'verify').mockImplementation(async (token) => {
        const access = await verify(token)
        return access && { ...access, expiresAtS: app.sessions.nowS + 0.5 }
      })
      playBrowser(owner.browser)
      const { client } = openPage()
      const seen = { seqs: [] as number[], errors: [] as string[] }
      const feed = client.live({
        follow: (lastEventId, handlers, by) =>
          client.drafts.onEvent.subscribe(
            { draftId: draft.id, lastEventId },
            { ...handlers, context: { transport: by } },
          ),
        poll: (lastEventId) => client.drafts.events.query({ draftId: draft.id, lastEventId }),
        snapshot: () => client.drafts.get.query({ draftId: draft.id }),
        onSnapshot: () => {},
        onEvent: ({ seq }: { seq: number; type: string }) => void seen.seqs.push(seq),
        onError: ({ code }) => void seen.errors.push(code),
        transports: [transport] as LiveTransport[],
      })
      await until('a carrier', () => feed.transport === transport)
      let begun = 0
      const began = () => void begun++
      const beginning = transport === 'websocket' ? 'upgrade' : 'request'
      app.root.server.on(beginning, began)
      onTestFinished(() => void app.root.server.off(beginning, began))
      for (let n = 0; n < 30; n++) {
        await draft.tell()
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      await until('all events', () => seen.seqs.length === 30)
      expect([seen.seqs, seen.errors]).toEqual([range(1, 30), []])
      expect(begun).toBeGreaterThan(1)
      expect(client.connection.state).not.toBe('needs-auth')
    },
  )
})

describe('a program', () => {
  const programClient = (options: { token?: string; refreshToken?: string }) => {
    const client = createPlinth({ url, headers: { origin: publicUrl }, ...options })
    clients.push(client)
    return client
  }

  it('goes on with a refresh token alone, and signs out with it', async () => {
    const { id } = await signedIn(app)
    const { refreshToken, sessionId } = await openProgram(app, { id })
    const client = programClient({ refreshToken })
    expect((await client.account.me.query()).id).toBe(id)
    await client.signOut()
    const [row] = await app.database.db.select().from(sessions).where(eq(sessions.id, sessionId))
    expect(row?.endReason).toBe('signed-out')
  })

  it('whose token is not taken any more gets another, on calls and sockets', async () => {
    const { id } = await signedIn(app)
    const { refreshToken, accessToken } = await openProgram(app, { id })
    const client = programClient({ token: `${accessToken.slice(0, -6)}AAAAAA`, refreshToken })
    expect((await client.account.updateProfile.mutate({ displayName: 'Program' })).id).toBe(id)
    const started = Promise.withResolvers<void>()
    client.account.onSessionEnded.subscribe(undefined, { onStarted: () => started.resolve() })
    await started.promise
  })

  it('with a token alone hears that it is over', async () => {
    const { accessToken } = await openProgram(app)
    const client = programClient({ token: `${accessToken.slice(0, -6)}AAAAAA` })
    expect(errorCode(await client.account.me.query().catch((error) => error))).toBe('INVALID_CREDENTIAL')
  })

  it('with an API key calls and follows for as long as the key lasts', async () => {
    const owner = await signedIn(app)
    const draft = await draftOf(app, owner)
    const { key, id: keyId } = await keyOf(app, owner)
    const client = programClient({ token: key })
    expect((await client.account.me.query()).id).toBe(owner.id)
    expect((await client.drafts.rename.mutate({ draftId: draft.id, title: 'By a key' })).title).toBe('By a key')
    for (const transport of ['websocket', 'sse'] as const) {
      const ready = Promise.withResolvers<void>()
      const context = transport === 'sse' ? { context: { transport } } : {}
      client.drafts.onEvent.subscribe({ draftId: draft.id }, { onData: () => ready.resolve(), ...context })
      await ready.promise
    }
    const refused = client.account.sessions.list.query({}).catch(errorCode)
    expect(await refused).toBe('API_KEY_REFUSED')
    await owner.browser.mutate('apiKeys.revoke', { keyId })
    await until('the end', () => client.connection.state === 'needs-auth')
    expect(await client.account.me.query().catch(errorCode)).toBe('API_KEY_INVALID')
  })

  it('is signed in by signing in', async () => {
    const client = programClient({})
    const name = `p${randomUUID().slice(0, 8)}`
    const account = { username: name, email: `${name}@example.org`, password: 'tr0mbone-Gravel-77' }
    const { user } = await client.auth.register.mutate(account)
    expect((await client.account.me.query()).id).toBe(user?.id)
    await client.signOut()
    await client.auth.login.mutate({ email: account.email, password: account.password })
    expect((await client.account.me.query()).id).toBe(user?.id)
  })
})
