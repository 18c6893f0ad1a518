import { sql } from 'drizzle-orm'
import type { FastifyPluginAsync } from 'fastify'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { createContext } from '../../context.ts'
import { buildTestApp } from '../../test/app.ts'
import { TestSocket } from '../../test/socket.ts'
import { publicProcedure, router } from '../../trpc.ts'
import { trpcPlugin } from '../trpc/plugin.ts'
import { AppError } from './app-error.ts'

const secret = 'canary-5f2e\n    at pretended (frame.ts:1:1)'
const faults = {
  plain: () => new Error(`internal: ${secret}`),
  text: () => `internal: ${secret}`,
  nothing: () => undefined,
  cyclic: () => {
    const error: Error = new Error('round and round')
    error.cause = error
    return error
  },
  wrapped: () => new AppError('INTERNAL_ERROR', { message: secret, cause: new Error('inner') }),
  borrowed: () => Object.assign(new Error(`from elsewhere: ${secret}`), { statusCode: 404 }),
  busy: () => new AppError('SERVER_BUSY', { retryAfterS: 7 }),
}
type Fault = keyof typeof faults

const procedures = router({
  fail: publicProcedure.input(z.enum(Object.keys(faults) as [Fault, ...Fault[]])).query(({ input }) => {
    throw faults[input]()
  }),
  query: publicProcedure.query(({ ctx }) => ctx.db.execute(sql`select ${secret}::text, missing from nowhere`)),
  write: publicProcedure
    .input(z.object({ title: z.string().min(1), tags: z.array(z.object({ name: z.string() })), count: z.int() }))
    .mutation(() => null),
  misfit: publicProcedure.output(z.object({ name: z.string() })).query(() => ({ name: 5, secret }) as never),
  stream: publicProcedure.subscription(async function* () {
    yield 1
    throw faults.plain()
  }),
})

const routes: FastifyPluginAsync = async (app) => {
  await app.register(trpcPlugin, { prefix: '/faults', router: procedures, createContext })
  app.get('/plain/:fault', async (request) => {
    throw faults[(request.params as { fault: Fault }).fault]()
  })
}
const app = await buildTestApp({ page: routes })
const browser = app.browser()
const fail = (fault: Fault) => browser.get(`/faults/fail?input=${encodeURIComponent(JSON.stringify(fault))}`)
const failures = () => app.logs.filter(({ msg }) => msg === 'request failed')

describe('a fault of our own', () => {
  it.each(['plain', 'text', 'nothing', 'cyclic', 'wrapped', 'borrowed'] as const)(
    'is a 500 that says nothing, and one line with its cause: %s',
    async (fault) => {
      app.expectErrorLog(/request failed/)
      const before = failures().length
      const answer = await fail(fault)
      expect(answer.statusCode).toBe(500)
      expect(answer.json().error.data).toEqual({
        code: 'INTERNAL_ERROR',
        httpStatus: 500,
        path: 'fail',
        requestId: answer.headers['x-request-id'],
      })
      expect(answer.body).not.toMatch(/canary|internal:|\.ts|stack/)
      const lines = failures().slice(before)
      expect(lines).toMatchObject([{ level: 50, err: { type: 'TRPCError' }, reqId: answer.headers['x-request-id'] }])
      if (fault === 'plain')
        expect(lines[0]).toMatchObject({ err: { cause: { message: expect.stringContaining('internal:') } } })
    },
  )

  it('is the same on plain routes', async () => {
    app.expectErrorLog(/request failed/)
    const answer = await browser.get('/plain/plain')
    expect(answer.statusCode).toBe(500)
    expect(answer.json()).toEqual({
      error: { code: 'INTERNAL_ERROR', message: expect.any(String) },
      requestId: answer.headers['x-request-id'],
    })
    expect(answer.body).not.toContain('canary')
    expect(failures()).toMatchObject([
      { level: 50, err: { type: 'Error', message: expect.stringContaining('internal:') } },
    ])
  })

  it('is an output that does not fit its schema', async () => {
    app.expectErrorLog(/Output validation failed/)
    const answer = await browser.get('/faults/misfit')
    expect(answer.statusCode).toBe(500)
    expect(answer.json().error.data).not.toHaveProperty('details')
    expect(answer.body).not.toMatch(/canary|expected/)
  })

  it('of a statement is logged with its SQL and without its parameters', async () => {
    app.expectErrorLog(/Failed query/)
    const answer = await browser.get('/faults/query')
    expect(answer.statusCode).toBe(500)
    expect(answer.body).not.toMatch(/select|nowhere|canary/)
    const [line] = failures()
    expect(line).toMatchObject({
      err: { message: expect.stringContaining('select $1::text'), cause: { cause: { code: '42P01' } } },
    })
    expect(JSON.stringify(app.logs)).not.toMatch(/canary|pretended/)
    expect(JSON.stringify(line)).toContain('server/')
  })

  it('in a stream ends the stream and nothing else', async () => {
    app.expectErrorLog(/request failed/)
    const url = await app.listen()
    const person = await app.signIn()
    const socket = await TestSocket.openAs(url, person, '/faults')
    const id = socket.send('subscription', 'stream')
    const answers = () => socket.answers.filter((answer) => answer.id === id)
    await expect.poll(() => answers().some(({ error }) => error)).toBe(true)
    expect(answers().find(({ error }) => error)?.error?.data).toMatchObject({ code: 'INTERNAL_ERROR', httpStatus: 500 })
    expect(JSON.stringify(answers())).not.toContain('canary')
    expect((await socket.call('query', 'fail', 'busy')).error?.data.code).toBe('SERVER_BUSY')
    socket.ws.close()
  })
})

describe('a fault of the surroundings', () => {
  let nowMs = 0
  beforeEach(() => {
    // Later than any warning of an earlier test, however long it took.
    nowMs = Math.max(nowMs, performance.now()) + 60_000
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  })
  afterEach(() => void vi.restoreAllMocks())

  it('is a 503 with the time to wait, and a warning', async () => {
    const answer = await fail('busy')
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('7')
    expect(failures()).toMatchObject([{ level: 40, code: 'SERVER_BUSY' }])
    expect(answer.json().error.data.retryAfterS).toBe(7)
    expect((await browser.get('/plain/busy')).headers['retry-after']).toBe('7')
  })

  it('is one warning a second, which says how many were left out since the one before', async () => {
    for (let n = 0; n < 3; n++) expect((await fail('busy')).statusCode).toBe(503)
    nowMs += 999
    await fail('busy')
    expect(failures()).toHaveLength(1)
    nowMs += 1
    await fail('busy')
    expect(failures()).toMatchObject([{ code: 'SERVER_BUSY' }, { code: 'SERVER_BUSY', leftOut: 3 }])
  })

  it('in a batch asks for the longest wait', async () => {
    const input = encodeURIComponent(JSON.stringify({ 0: 'busy', 1: 'busy' }))
    expect((await browser.get(`/faults/fail,fail?batch=1&input=${input}`)).headers['retry-after']).toBe('7')
  })
})

describe('a fault of the caller', () => {
  it('names every field at once by its path', async () => {
    const answer = await browser.send({
      method: 'POST',
      url: '/faults/write',
      headers: { 'content-type': 'application/json' },
      payload: '{"title":"","tags":[{"name":"a"},{"name":5},{}],"count":1.5}',
    })
    expect(answer.statusCode).toBe(400)
    const { details } = answer.json().error.data
    expect(details.map(({ field }: { field: string }) => field)).toEqual([
      'title',
      'tags.1.name',
      'tags.2.name',
      'count',
    ])
    for (const { message } of details) expect(message).toEqual(expect.any(String))
  })

  it.each(['null', '[]', '"text"', '5'])('names the whole where it is %s', async (payload) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await browser.send({ method: 'POST', url: '/faults/write', headers, payload })
    expect(answer.json().error.data.details).toMatchObject([{ field: '' }])
  })

  it.each([
    ['a body that is no JSON', { method: 'POST', url: '/faults/write', payload: '{' }],
    ['an input that is no JSON', { method: 'GET', url: '/faults/fail?input=%7B' }],
    ['an escape that is none, below /api', { method: 'GET', url: '/api/v1/tasks/%zz' }],
    ['an escape that is none, elsewhere', { method: 'GET', url: '/v1/collab/drafts/%E0%A4%A' }],
  ] as const)('has details where no field is at fault: %s', async (_, { method, url, ...sent }) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await browser.send({ method, url, ...(method === 'POST' && { headers }), ...sent })
    const { error } = answer.json()
    const { code, details } = error.data ?? error
    expect([answer.statusCode, code]).toEqual([400, 'VALIDATION_ERROR'])
    expect(details).toEqual([{ field: '', message: expect.stringMatching(/^Must be/) }])
  })

  it('is in the access log alone', async () => {
    await browser.get('/faults/fail?input=5')
    expect(app.logs.filter(({ level }) => level >= 40)).toEqual([])
    expect(failures()).toEqual([])
  })

  it('writes nothing of its own into the log: no line, no sign that steers a terminal', async () => {
    const forged = encodeURIComponent('\r\n{"level":50,"msg":"forged"}\r\n\u001b[2J\u001b[31m')
    const headers = { 'user-agent': 'forged', 'x-request-id': 'forged', referer: 'http://forged.example' }
    const addresses = [
      `/trpc/${forged}`,
      `/trpc/account.me?input=${forged}`,
      `/faults/fail?input=${forged}`,
      `/api/v1/${forged}`,
      `/auth/google/callback?error=${forged}&state=${forged}`,
      `/auth/google?returnTo=${forged}`,
      `/v1/collab/drafts/${forged}`,
    ]
    for (const address of addresses) await browser.get(address, headers)
    expect(app.logs.filter(({ msg }) => msg === 'request')).toHaveLength(addresses.length)
    expect(JSON.stringify(app.logs)).not.toMatch(/forged|\\u001b/)
  })
})
