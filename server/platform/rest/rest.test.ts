/** The REST door, through procedures of its own: what comes in as text, what goes out in the envelope, and what is refused. */
import type { FastifyPluginAsync } from 'fastify'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createContext } from '../../context.ts'
import { buildTestApp } from '../../test/app.ts'
import { until } from '../../test/until.ts'
import { authedProcedure, publicProcedure, router } from '../../trpc.ts'
import { AppError } from '../errors/app-error.ts'
import { trpcPlugin } from '../trpc/plugin.ts'
import { deprecationHeaders } from './deprecation.ts'
import { restPlugin } from './plugin.ts'
import { restRoutesOf } from './rest-route.ts'

const Thing = z.object({
  id: z.string(),
  count: z.int().max(100).optional(),
  size: z.number().nullish(),
  done: z.boolean().optional(),
  limit: z.int().min(1).default(50),
  tags: z.array(z.string()).optional(),
  ranks: z.array(z.int()).optional(),
  either: z.union([z.int(), z.enum(['all', 'none'])]).optional(),
})

const echo = publicProcedure.input(Thing)
const rest = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: `/${string}`) => ({ rest: { method, path } })
const procedures = router({
  get: echo.meta(rest('GET', '/api/v1/things/{id}')).query(({ input }) => input),
  put: echo.meta(rest('PUT', '/api/v1/things/{id}')).mutation(({ input }) => input),
  remove: echo.meta(rest('DELETE', '/api/v1/things/{id}')).mutation(() => {}),
  create: publicProcedure
    .meta({ rest: { method: 'POST', path: '/api/v1/things', status: 201 } })
    .input(z.object({ name: z.string().min(1), size: z.number(), inner: z.object({ at: z.string() }) }))
    .mutation(({ input }) => input),
  list: publicProcedure.meta(rest('GET', '/api/v1/things')).query(() => ({
    items: [{ id: 'a' }, { id: 'b' }],
    pagination: { page: 1, limit: 2, total: 3, totalPages: 2 },
  })),
  ask: publicProcedure
    .meta({ rest: { method: 'POST', path: '/api/v1/ask', status: 202 } })
    .mutation(() => ({ message: 'It is on its way.' })),
  nothing: publicProcedure.meta(rest('GET', '/api/v1/nothing')).query(() => null),
  secret: publicProcedure
    .meta({ ...rest('POST', '/api/v1/secret'), audit: { noun: 'thing', secret: true } })
    .input(z.object({ word: z.string(), other: z.string().optional() }))
    .mutation(() => {}),
  mineToo: authedProcedure
    .meta(rest('POST', '/api/v1/mine'))
    .input(z.object({ name: z.string() }))
    .mutation(() => {}),
  text: publicProcedure.meta(rest('GET', '/v1/collab/text')).query(() => 'plain'),
  bare: publicProcedure
    .meta({ rest: { method: 'POST', path: '/v1/collab/things', status: 201 } })
    .input(z.object({ name: z.string() }))
    .mutation(({ input }) => input),
  mine: authedProcedure.meta(rest('GET', '/api/v1/mine')).query(({ ctx }) => ({ id: ctx.actor.id })),
  going: authedProcedure
    .meta({
      rest: { method: 'GET', path: '/api/v1/going', deprecated: { since: '2026-11-01', sunset: '2027-06-30' } },
    })
    .query(({ ctx }) => ({ id: ctx.actor.id })),
  busy: publicProcedure.meta(rest('GET', '/api/v1/busy')).query(() => {
    throw new AppError('SERVER_BUSY', { retryAfterS: 7 })
  }),
  broken: publicProcedure.meta(rest('GET', '/api/v1/broken')).query(() => {
    throw new Error('internal: canary')
  }),
})
const routes: FastifyPluginAsync = async (app) => {
  await app.register(restPlugin, { router: procedures, createContext })
  await app.register(trpcPlugin, { prefix: '/things', router: procedures, createContext })
}
const app = await buildTestApp({ page: routes, environment: { RATE_LIMIT_ANONYMOUS: '10000' } })
const browser = app.browser()

const send = (method: 'POST' | 'PUT' | 'DELETE', url: string, body?: unknown, headers: Record<string, string> = {}) =>
  browser.send({
    method,
    url,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
const meta = { timestamp: expect.stringMatching(/^\d{4}-.*Z$/), version: 'v1' }
const failure = (code: string, details?: unknown) => ({
  success: false,
  error: { code, message: expect.any(String), ...(details !== undefined && { details }) },
  meta: { timestamp: meta.timestamp, requestId: expect.any(String) },
})
const echoed = async (query: string) => (await browser.get(`/api/v1/things/7?${query}`)).json().data

describe('an answer below /api', () => {
  it('is in the envelope, with the status of its procedure', async () => {
    const thing = { name: 'a', size: 1, inner: { at: 'b' } }
    const answer = await send('POST', '/api/v1/things', thing)
    expect(answer.statusCode).toBe(201)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json()).toEqual({ success: true, data: thing, meta })
  })

  it('has the tag of what it tells, whenever it is told', async () => {
    const first = await browser.get('/api/v1/things')
    const second = await until('a later moment', async () => {
      const again = await browser.get('/api/v1/things')
      return again.body === first.body ? null : again
    })
    expect(second.headers.etag).toBe(first.headers.etag)
    const other = await browser.get('/api/v1/things/7')
    expect(other.headers.etag).not.toBe(first.headers.etag)
  })

  it('of a numbered page has its numbers in meta', async () => {
    expect((await browser.get('/api/v1/things')).json()).toEqual({
      success: true,
      data: [{ id: 'a' }, { id: 'b' }],
      meta: { ...meta, pagination: { page: 1, limit: 2, total: 3, totalPages: 2 } },
    })
  })

  it('that is words alone is the message too', async () => {
    const answer = await send('POST', '/api/v1/ask')
    expect(answer.statusCode).toBe(202)
    const message = 'It is on its way.'
    expect(answer.json()).toEqual({ success: true, data: { message }, message, meta })
  })

  it('of nothing is a 204, and one of null is none', async () => {
    const answer = await send('DELETE', '/api/v1/things/7')
    expect([answer.statusCode, answer.body]).toEqual([204, ''])
    expect((await browser.get('/api/v1/nothing')).json()).toEqual({ success: true, data: null, meta })
  })
})

describe('an answer elsewhere', () => {
  it('is bare JSON, also where it is a text', async () => {
    const answer = await send('POST', '/v1/collab/things', { name: 'a' })
    expect([answer.statusCode, answer.json()]).toEqual([201, { name: 'a' }])
    expect((await browser.get('/v1/collab/text')).body).toBe('"plain"')
  })

  it('fails bare', async () => {
    const answer = await send('POST', '/v1/collab/things', {})
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toEqual({
      error: {
        code: 'VALIDATION_ERROR',
        message: expect.any(String),
        details: [{ field: 'name', message: expect.any(String) }],
      },
      requestId: answer.headers['x-request-id'],
    })
  })

  it('is account.me at /me', async () => {
    const person = await app.signIn()
    const answer = await person.get('/me')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json()).toEqual((await person.query('account.me')).json().result.data)
    expect((await browser.get('/me')).json().error.code).toBe('UNAUTHENTICATED')
  })
})

describe('text of a path or a query', () => {
  it.each([
    ['count=5', { count: 5 }],
    ['size=1.5', { size: 1.5 }],
    ['size=-1e2', { size: -100 }],
    ['done=true', { done: true }],
    ['done=false', { done: false }],
    ['tags=5', { tags: ['5'] }],
    ['tags=a&tags=b', { tags: ['a', 'b'] }],
    ['ranks=1&ranks=2', { ranks: [1, 2] }],
    ['either=all', { either: 'all' }],
    ['unknown=5&__proto__=x&constructor=y', {}],
  ])('%s is what the schema says', async (query, fields) => {
    expect(await echoed(query)).toEqual({ id: '7', limit: 50, ...fields })
  })

  it.each([
    'count=',
    'count=0x10',
    'count=%205',
    'count=05',
    'count=1.5',
    'count=1e309',
    'count=NaN',
    'count=5&count=6',
    'done=1',
    'done=TRUE',
    'size=null',
    'ranks=1&ranks=x',
  ])('%s is refused', async (query) => {
    const answer = await browser.get(`/api/v1/things/7?${query}`)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toEqual(failure('VALIDATION_ERROR', expect.any(Array)))
  })

  it('changes nothing of the schema: other doors go on refusing text for a number', async () => {
    expect(await echoed('count=5&done=true')).toMatchObject({ count: 5, done: true })
    const input = encodeURIComponent(JSON.stringify({ id: '7', count: '5' }))
    expect((await browser.get(`/things/get?input=${input}`)).statusCode).toBe(400)
    expect((await send('PUT', '/api/v1/things/7', { count: '5' })).statusCode).toBe(400)
  })
})

describe('what comes together', () => {
  it('is one input, in which the path decides over the body and the body over the query', async () => {
    const answer = await send('PUT', '/api/v1/things/7?count=1&size=2', { id: '8', count: 3, done: true })
    expect(answer.json().data).toEqual({ id: '7', count: 3, size: 2, done: true, limit: 50 })
  })

  it('holds no secret of the address, which proxies write down', async () => {
    const answer = await send('POST', '/api/v1/secret?word=canary&other=x&of=x', { word: 'a' })
    expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'VALIDATION_ERROR'])
    expect(answer.json().error.details.map(({ field }: { field: string }) => field)).toEqual(['word', 'other'])
    expect(answer.body).not.toContain('canary')
    expect((await send('POST', '/api/v1/secret?of=x', { word: 'a' })).statusCode).toBe(204)
    const signIn = await send('POST', '/api/v1/auth/login?email=a@example.org&password=canary', {})
    expect([signIn.statusCode, JSON.stringify(app.logs).includes('canary')]).toEqual([400, false])
  })

  it('is nobody’s business who is not signed in', async () => {
    expect((await send('POST', '/api/v1/mine', [])).statusCode).toBe(401)
    const person = await app.signIn()
    expect((await person.send({ method: 'POST', url: '/api/v1/mine', payload: [] })).statusCode).toBe(400)
  })

  it('is refused with every fault at once', async () => {
    const answer = await send('POST', '/api/v1/things', { name: '', inner: {} })
    expect(answer.statusCode).toBe(400)
    const fields = answer.json().error.details.map(({ field }: { field: string }) => field)
    expect(fields).toEqual(['name', 'size', 'inner.at'])
    expect((await send('POST', '/api/v1/things')).json().error.details).toHaveLength(3)
  })

  it.each(['[]', 'null', '"text"', '5'])('is no object: %s', async (body) => {
    const answer = await send('POST', '/api/v1/things', body)
    expect([answer.statusCode, answer.json()]).toEqual([400, failure('VALIDATION_ERROR', expect.any(Array))])
  })

  const whole = '"name":"a","size":1,"inner":{"at":"b"}'
  it.each(['{', `{${whole},"__proto__":{"a":1}}`, `{${whole},"constructor":{"prototype":{}}}`])(
    'is no JSON of ours: %s',
    async (body) => {
      const answer = await send('POST', '/api/v1/things', body)
      const message = 'Must be JSON, without a key that names a prototype'
      expect([answer.statusCode, answer.json()]).toEqual([400, failure('VALIDATION_ERROR', [{ field: '', message }])])
    },
  )

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp'])(
    'is JSON and not %s',
    async (type) => {
      const answer = await send('POST', '/api/v1/things', '{}', { 'content-type': type })
      expect([answer.statusCode, answer.json()]).toEqual([415, failure('UNSUPPORTED_MEDIA_TYPE')])
    },
  )

  it('is no more than a megabyte', async () => {
    const answer = await send('POST', '/api/v1/things', { name: 'x'.repeat(1024 * 1024) })
    expect([answer.statusCode, answer.json()]).toEqual([413, failure('PAYLOAD_TOO_LARGE')])
  })
})

describe('a failure below /api', () => {
  it('says when to come back', async () => {
    const answer = await browser.get('/api/v1/busy')
    expect([answer.statusCode, answer.headers['retry-after'], answer.json()]).toEqual([
      503,
      '7',
      failure('SERVER_BUSY'),
    ])
  })

  it('of ours says nothing, and is logged', async () => {
    app.expectErrorLog(/request failed/)
    const answer = await browser.get('/api/v1/broken')
    expect([answer.statusCode, answer.json()]).toEqual([500, failure('INTERNAL_ERROR')])
    expect(answer.body).not.toContain('canary')
  })

  it('is a 404 where there is nothing, with any method', async () => {
    for (const url of ['/api/v1', '/api/v1/nowhere', '/api/v1/things/7/parts', '/api/v1/THINGS', '/api/v1?x=1']) {
      for (const answer of [await browser.get(url), await send('POST', url, {}), await send('DELETE', url)]) {
        expect([url, answer.statusCode, answer.json()]).toEqual([url, 404, failure('NOT_FOUND')])
      }
    }
  })

  it('is a 405 with what is allowed, for another method of what is there', async () => {
    const answer = await send('POST', '/api/v1/things/7', {})
    expect([answer.statusCode, answer.headers.allow, answer.json()]).toEqual([
      405,
      'GET, PUT, DELETE',
      failure('METHOD_NOT_ALLOWED'),
    ])
    const bare = await send('POST', '/me', {})
    expect([bare.statusCode, bare.headers.allow, bare.json().error.code]).toEqual([405, 'GET', 'METHOD_NOT_ALLOWED'])
    // Those are terms of tRPC, which mean nothing to a REST client.
    expect(bare.json().error.message).not.toMatch(/quer|mutation|procedure/i)
  })

  it('is a 401 for nobody', async () => {
    const answer = await browser.get('/api/v1/mine')
    expect([answer.statusCode, answer.json()]).toEqual([401, failure('UNAUTHENTICATED')])
  })
})

describe('a call over REST', () => {
  it('spends the same budget as any other, and says what is left', async () => {
    const left = async (url: string) => Number((await browser.get(url)).headers['ratelimit-remaining'])
    const before = await left('/api/v1/nothing')
    expect(await left('/trpc/account.methods')).toBe(before - 1)
    expect(await left('/v1/collab/text')).toBe(before - 2)
    expect(await left('/me')).toBe(before - 3)
  })
})

describe('what goes away', () => {
  const told = { deprecation: '@1793491200', sunset: 'Wed, 30 Jun 2027 00:00:00 GMT' }

  it('says since when and until when in each of its answers, a refusal too', async () => {
    const person = await app.signIn()
    const answer = await person.get('/api/v1/going')
    expect([answer.statusCode, answer.headers]).toMatchObject([200, told])
    const refused = await browser.get('/api/v1/going')
    expect([refused.statusCode, refused.headers]).toMatchObject([401, told])
    for (const name of Object.keys(told)) expect((await person.get('/api/v1/mine')).headers).not.toHaveProperty(name)
  })

  it('stops the start where its days are none', () => {
    const since = '2026-11-01'
    for (const sunset of ['soon', '2027-02-31', '1798761600']) {
      expect(() => deprecationHeaders({ since, sunset })).toThrow(`${sunset} is no day`)
    }
  })
})

describe('a procedure that cannot answer over REST', () => {
  it.each([
    [
      'a query that is no GET',
      { q: publicProcedure.meta(rest('POST', '/api/q')).query(() => 1) },
      /GET is for queries/,
    ],
    ['a mutation that is a GET', { m: publicProcedure.meta(rest('GET', '/api/m')).mutation(() => 1) }, /GET is for/],
    [
      'a parameter that is no field',
      { p: echo.meta(rest('GET', '/api/{other}')).query(() => 1) },
      /\{other\} is no field/,
    ],
  ])('stops the start: %s', (_, record, message) => {
    expect(() => restRoutesOf(router(record))).toThrow(message)
  })
})
