import { describe, expect, it } from 'vitest'
import { createContext } from '../../context.ts'
import { appRouter } from '../../router.ts'
import { buildTestApp } from '../../test/app.ts'
import { until } from '../../test/until.ts'
import { publicProcedure, router } from '../../trpc.ts'
import { trpcPlugin } from './plugin.ts'

const reading = { running: 0 }
/** More than any kernel holds for a reader, as fast as it is taken. */
const flood = router({
  flood: publicProcedure.subscription(async function* ({ signal }) {
    reading.running++
    try {
      while (!signal?.aborted) {
        yield 'x'.repeat(64 * 1024)
        await new Promise((resolve) => setImmediate(resolve))
      }
    } finally {
      reading.running--
    }
  }),
})
const { _def } = appRouter
const { sse } = _def._config
const ping = { enabled: true, intervalMs: 100 }
/** The app's own procedures, pinged as often as a test can wait for. */
const pinging = { ...appRouter, _def: { ..._def, _config: { ..._def._config, sse: { ...sse, ping } } } }
const answersWithinMs = 500
const app = await buildTestApp({
  page: async (app) => {
    await app.register(trpcPlugin, { prefix: '/fast', router: flood, createContext, stalledMs: 1000 })
    await app.register(async (hasty) => {
      hasty.addHook('onRoute', (route) => {
        route.handlerTimeout ??= answersWithinMs
      })
      await hasty.register(trpcPlugin, { prefix: '/pinging', router: pinging, createContext })
    })
  },
})
const url = await app.listen()

async function open(prefix = '/trpc') {
  const browser = await app.signIn()
  const stream = await fetch(`${url}${prefix}/account.onSessionEnded`, { headers: { cookie: browser.cookieHeader } })
  const seen = { text: '', ended: false }
  const decoder = new TextDecoder()
  const read = async () => {
    for await (const chunk of stream.body ?? []) seen.text += decoder.decode(chunk)
  }
  read()
    .catch(() => {})
    .finally(() => {
      seen.ended = true
    })
  return { browser, stream, seen }
}

describe('a stream of server-sent events', () => {
  it.each([
    ['no credential', {}, 'UNAUTHENTICATED'],
    ['a token that is none', { authorization: 'Bearer nonsense' }, 'INVALID_CREDENTIAL'],
    ['a session that is over', { cookie: `plinth_session=${'x'.repeat(43)}` }, 'SESSION_ENDED'],
  ])('is refused with 401 before it begins, for %s', async (_, headers, code) => {
    const answer = await fetch(`${url}/trpc/drafts.onEvent`, { headers: { accept: 'text/event-stream', ...headers } })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([401, 'application/json; charset=utf-8'])
    expect(await answer.json()).toMatchObject({ error: { data: { code, httpStatus: 401 } } })
    expect(app.inside.openConnections.open).toBe(0)
  })

  it('outlives what answers are allowed, and is pinged', async () => {
    const began = performance.now()
    const { seen, stream } = await open('/pinging')
    await until('longer than that', () => performance.now() - began > 2 * answersWithinMs)
    await until('a second ping', () => (seen.text.match(/event: ping/g) ?? []).length >= 2)
    expect(seen.ended).toBe(false)
    expect(stream.headers.get('cache-control')).toMatch('no-cache')
    expect(seen.text).toMatch('"reconnectAfterInactivityMs":25000')
    // Two within the time after which a client gives the stream up.
    expect(sse?.ping).toEqual({ enabled: true, intervalMs: 10_000 })
  })

  it('ends with its session, after the word of it', async () => {
    const { browser, seen } = await open()
    await until('the stream', () => seen.text.includes('connected'))
    await browser.send({ method: 'POST', url: '/auth/logout' })
    await until('the end', () => seen.ended)
    expect(seen.text).toMatch('"reason":"')
    await until('nothing watched', () => app.sessions.watch.size <= 2)
  })

  it('is not begun by HEAD', async () => {
    const browser = await app.signIn()
    const { cookieHeader: cookie } = browser
    const answer = await fetch(`${url}/trpc/account.onSessionEnded`, { method: 'HEAD', headers: { cookie } })
    expect(answer.status).toBe(204)
  })

  it('ends when its reader takes nothing for long, and not while it takes something', async () => {
    const stopped = new AbortController()
    const stream = await fetch(`${url}/fast/flood`, { signal: stopped.signal })
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader()
    const began = performance.now()
    let took = 0
    await until('much longer than that', async () => {
      took += (await reader.read()).value?.length ?? expect.unreachable('it ended')
      return performance.now() - began > 1500
    })
    expect([reading.running, took > 1024 * 1024]).toEqual([1, true])
    await until('its end', () => reading.running === 0)
    stopped.abort()
  })
})
