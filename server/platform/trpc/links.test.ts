/** tRPC's own client as it is published, by each of its links and over networks that break. None of our client is in it. */
import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  httpBatchStreamLink,
  httpLink,
  httpSubscriptionLink,
  loggerLink,
  retryLink,
  splitLink,
  TRPCClientError,
  type TRPCLink,
  wsLink,
} from '@trpc/client'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { FetchEventSource } from '../../../client/event-source.ts'
import type { AppRouter } from '../../router.ts'
import { buildTestApp } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { headersOf } from '../../test/door.ts'
import { draftOf, Log, range, signedIn } from '../../test/followers.ts'
import { mailedToken, newAccount } from '../../test/passwords.ts'
import { TcpProxy } from '../../test/tcp-proxy.ts'
import { until } from '../../test/until.ts'
import { issueOneTimeToken } from '../identity/one-time-tokens.ts'

const app = await buildTestApp()
const proxy = await TcpProxy.before(Number(new URL(await app.listen()).port))
const url = `http://127.0.0.1:${proxy.port}/trpc`
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  proxy.mode = 'pass'
})
afterAll(() => proxy.close())

type Link = TRPCLink<AppRouter>
type Wire = { url: string; headers: Record<string, string> }
const override = { methodOverride: 'POST' } as const

function socketLink({ headers }: Wire, lazy = false): Link {
  class WithHeaders extends WebSocket {
    constructor(to: string | URL) {
      super(to, { headers } as never)
    }
  }
  const client = createWSClient({
    url: url.replace(/^http/, 'ws'),
    WebSocket: WithHeaders,
    retryDelayMs: () => 20,
    lazy: { enabled: lazy, closeMs: 50 },
  })
  ends.push(() => client.close())
  return wsLink({ client })
}

function eventsLink({ url, headers }: Wire): Link {
  return httpSubscriptionLink<AppRouter, typeof FetchEventSource>({
    url,
    EventSource: FetchEventSource,
    eventSourceOptions: { headers },
  })
}

const logged: string[] = []
const quiet = { log: (...[text]: unknown[]) => void logged.push(String(text)), error: () => {} }
const logger = () => loggerLink<AppRouter>({ console: quiet, colorMode: 'none' })

/** Calls over HTTP. */
const httpLinks: Record<string, (wire: Wire) => Link[]> = {
  httpLink: (wire) => [httpLink(wire)],
  'httpLink by POST': (wire) => [httpLink({ ...wire, ...override })],
  httpBatchLink: (wire) => [httpBatchLink(wire)],
  'httpBatchLink by POST': (wire) => [httpBatchLink({ ...wire, ...override })],
  'httpBatchLink with short addresses': (wire) => [httpBatchLink({ ...wire, maxURLLength: 300, maxItems: 3 })],
  httpBatchStreamLink: (wire) => [httpBatchStreamLink(wire)],
  'httpBatchStreamLink by POST': (wire) => [httpBatchStreamLink({ ...wire, ...override })],
  'retryLink and loggerLink before httpLink': (wire) => [logger(), retryLink({ retry: () => false }), httpLink(wire)],
}

/** Whatever there is. */
const wholeLinks: Record<string, (wire: Wire) => Link[]> = {
  wsLink: (wire) => [socketLink(wire)],
  'wsLink, lazy': (wire) => [socketLink(wire, true)],
  'splitLink of httpSubscriptionLink and httpBatchLink': (wire) => [
    splitLink({ condition: ({ type }) => type === 'subscription', true: eventsLink(wire), false: httpBatchLink(wire) }),
  ],
  'splitLink of wsLink and httpBatchStreamLink': (wire) => [
    logger(),
    splitLink({
      condition: ({ type }) => type === 'subscription',
      true: [retryLink({ retry: ({ error }) => !error.data, retryDelayMs: () => 20 }), socketLink(wire)],
      false: httpBatchStreamLink(wire),
    }),
  ],
}
const allLinks = { ...httpLinks, ...wholeLinks }
const named = (links: typeof allLinks) => Object.entries(links).map(([name, of]) => ({ name, of }))

const clientOf = (of: (wire: Wire) => Link[], browser: TestBrowser) =>
  createTRPCClient<AppRouter>({ links: of({ url, headers: headersOf(browser) }) })

async function verifyToken(browser: TestBrowser): Promise<string> {
  const { id, email } = (await browser.get('/me')).json()
  await issueOneTimeToken(app.database.db, { userId: id, purpose: 'verify-email', email })
  return mailedToken(app, email, 'verify-email')
}

/** Of a call that must fail. */
const failureOf = (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable('it succeeded'),
    (error) => {
      expect(error).toBeInstanceOf(TRPCClientError)
      return error.data
    },
  )

describe.each(named(allLinks))('$name', ({ of }) => {
  it('asks, alone and many at once, and changes', async () => {
    const { browser, id } = await signedIn(app)
    const trpc = clientOf(of, browser)
    expect(await trpc.account.me.query()).toMatchObject({ id })
    const drafts = await Promise.all(range(1, 6).map((n) => trpc.drafts.create.mutate({ title: `Plan ${n}` })))
    expect(drafts.map(({ title }) => title)).toEqual(range(1, 6).map((n) => `Plan ${n}`))
    const [whole, list, me] = await Promise.all([
      trpc.drafts.get.query({ draftId: drafts[0]?.id as string }),
      trpc.drafts.list.query({ limit: 2 }),
      trpc.account.me.query(),
    ])
    expect([whole.title, list.items.length, me.id]).toEqual(['Plan 1', 2, id])
    // An answer that is nothing.
    expect(await trpc.auth.verifyEmail.mutate({ token: await verifyToken(browser) })).toBe(undefined)
  })

  it('is told in data.code what went wrong, each call for itself', async () => {
    const { browser } = await signedIn(app)
    const trpc = clientOf(of, browser)
    const draftId = '0199f3a2-7c1e-7b52-9d3f-2a1c5e8b4d60'
    const [missing, invalid, forbidden, good] = await Promise.all([
      failureOf(trpc.drafts.get.query({ draftId })),
      failureOf(trpc.drafts.list.query({ limit: 1000, cursor: 'x' })),
      failureOf(trpc.people.list.query()),
      trpc.account.methods.query(),
    ])
    expect(missing).toMatchObject({ code: 'NOT_FOUND', httpStatus: 404, path: 'drafts.get' })
    const details = invalid.details.map(({ field }: { field: string }) => field)
    expect([invalid.code, invalid.httpStatus, details.sort()]).toEqual(['VALIDATION_ERROR', 400, ['cursor', 'limit']])
    expect(forbidden).toMatchObject({ code: 'FORBIDDEN', httpStatus: 403 })
    expect(good.methods).toHaveLength(1)
    const renamed = await failureOf(trpc.drafts.rename.mutate({ draftId, title: '' }))
    expect(renamed).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ field: 'title' }] })
    for (const { requestId } of [missing, invalid, forbidden, renamed]) expect(requestId).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe.each(named(httpLinks))('$name', ({ name, of }) => {
  it('of nobody is told to sign in', async () => {
    const trpc = clientOf(of, app.browser())
    expect(await failureOf(trpc.account.me.query())).toMatchObject({ code: 'UNAUTHENTICATED', httpStatus: 401 })
    expect((await trpc.account.methods.query()).methods).toHaveLength(1)
  })

  it('signs somebody in where its answer can set a cookie, and else says that it cannot', async () => {
    const account = newAccount()
    const call = clientOf(of, app.browser()).auth.signUp.mutate(account)
    if (name.startsWith('httpBatchStreamLink')) {
      const { code } = await failureOf(call)
      expect(code).toBe('VALIDATION_ERROR')
    } else expect((await call).user).toMatchObject({ username: account.username })
  })
})

describe('a query by POST', () => {
  it('may be longer than any address', async () => {
    const { browser } = await signedIn(app)
    const ask = (more: object) =>
      createTRPCClient<AppRouter>({ links: [httpBatchLink({ url, headers: headersOf(browser), ...more })] })
    const long = (trpc: ReturnType<typeof ask>) =>
      Promise.all(
        range(1, 20).map((n) => trpc.drafts.events.query({ draftId: `${n}`.repeat(1000), lastEventId: '1' })),
      ).catch((error) => error.data?.code ?? 'no answer')
    expect(await long(ask(override))).toBe('NOT_FOUND')
    expect(await long(ask({}))).toBe('no answer')
  })

  it('from another site is none', async () => {
    const { browser } = await signedIn(app)
    const headers = { ...headersOf(browser), origin: 'https://evil.example' }
    const trpc = createTRPCClient<AppRouter>({ links: [httpLink({ url, headers, ...override })] })
    expect(await failureOf(trpc.account.me.query())).toMatchObject({ code: 'ORIGIN_NOT_ALLOWED' })
  })
})

describe('retryLink', () => {
  it.each(named({ httpLink: httpLinks.httpLink, httpBatchLink: httpLinks.httpBatchLink } as typeof httpLinks))(
    'before $name asks again until the network is back',
    async ({ of }) => {
      const { browser, id } = await signedIn(app)
      proxy.mode = 'hang-up'
      proxy.cut()
      const attempts: number[] = []
      const retry = retryLink<AppRouter>({
        retry({ error, attempts: n }) {
          expect(error.data).toBeFalsy()
          attempts.push(n)
          if (n === 2) proxy.mode = 'pass'
          return n < 5
        },
      })
      const trpc = clientOf((wire) => [retry, ...of(wire)], browser)
      expect(await trpc.account.me.query()).toMatchObject({ id })
      expect(attempts).toEqual([1, 2])
    },
  )
})

describe('loggerLink', () => {
  it('tells of each call and what came of it', async () => {
    const { browser } = await signedIn(app)
    logged.length = 0
    const trpc = clientOf((wire) => [logger(), httpLink(wire)], browser)
    await trpc.account.me.query()
    expect(logged).toHaveLength(2)
    for (const line of logged) expect(line).toContain('account.me')
  })
})

const followingLinks = { httpSubscriptionLink: (wire: Wire) => [eventsLink(wire)], ...wholeLinks }

describe.each(named(followingLinks))('a subscription by $name', ({ of }) => {
  it('goes on after each cut from the event that it had', async () => {
    const owner = await signedIn(app)
    const draft = await draftOf(app, owner)
    const log = new Log()
    const trpc = clientOf(of, owner.browser)
    const { unsubscribe } = trpc.drafts.onEvent.subscribe({ draftId: draft.id }, log.handlers)
    await until('ready', () => log.types.includes('ready'))
    for (let cut = 1; cut <= 3; cut++) {
      await draft.tell()
      await until('the event', () => log.seqs.length === 2 * cut - 1)
      proxy.cut()
      // While nobody listens.
      await draft.tell()
      await until('what was missed', () => log.seqs.length === 2 * cut)
    }
    expect([log.seqs, log.errors, log.completed]).toEqual([range(1, 6), [], false])
    unsubscribe()
    await until('its end', () => app.inside.live.sinks === 0)
  })

  it('is told in data.code why there is none', async () => {
    const [owner, other] = [await signedIn(app), await signedIn(app)]
    const draft = await draftOf(app, owner)
    const log = new Log()
    const trpc = clientOf(of, other.browser)
    const { unsubscribe } = trpc.drafts.onEvent.subscribe({ draftId: draft.id }, log.handlers)
    await until('the refusal', () => log.errors.length > 0)
    unsubscribe()
    const [failure, ...more] = log.errors as TRPCClientError<AppRouter>[]
    expect([log.types, failure?.data?.code, more]).toEqual([[], 'NOT_FOUND', []])
  })
})

describe('wsLink, lazy', () => {
  it('opens no socket before it is needed, and closes it when it is not', async () => {
    const { browser } = await signedIn(app)
    const before = proxy.accepted
    const trpc = clientOf((wire) => [socketLink(wire, true)], browser)
    expect(proxy.accepted).toBe(before)
    await trpc.account.me.query()
    expect(proxy.accepted).toBe(before + 1)
    await until('its end', () => app.inside.openConnections.open === 0)
    await trpc.account.me.query()
    expect(proxy.accepted).toBe(before + 2)
  })
})
