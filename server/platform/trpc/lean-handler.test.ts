import { once } from 'node:events'
import { request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { initTRPC, TRPCError, tracked } from '@trpc/server'
import Fastify, { type FastifyInstance, type FastifyReply, type InjectOptions } from 'fastify'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createContext } from '../../context.ts'
import { appRouter } from '../../router.ts'
import { buildTestApp } from '../../test/app.ts'
import { procedures } from '../../test/calls.ts'
import { Random } from '../../test/chaos/random.ts'
import { until } from '../../test/until.ts'
import { AppError } from '../errors/app-error.ts'
import { type Answer, adapterHandler, type HttpCalls } from './adapter-handler.ts'
import { leanHandler } from './lean-handler.ts'
import { httpCalls, prepareDoor } from './plugin.ts'

/** The same requests each time; others by `LEAN_SEED=7`. */
const seed = Number(process.env.LEAN_SEED ?? 1)

interface TestContext {
  calls: number
  reply: FastifyReply
}

const failures: Record<string, () => unknown> = {
  ...Object.fromEntries(
    (['BAD_REQUEST', 'UNAUTHORIZED', 'NOT_FOUND', 'TOO_MANY_REQUESTS', 'INTERNAL_SERVER_ERROR'] as const).map(
      (code) => [code, () => new TRPCError({ code, message: code, cause: new Error('why') })],
    ),
  ),
  app: () => new AppError('RATE_LIMITED', { retryAfterS: 7 }),
  error: () => new Error('plain'),
  text: () => 'text',
  object: () => ({ message: 'no error', status: 404 }),
  null: () => null,
  undefined: () => undefined,
  // See the error formatter.
  formless: () => new TRPCError({ code: 'CONFLICT', message: 'formless' }),
  unspeakable: () => new TRPCError({ code: 'FORBIDDEN', message: 'unspeakable' }),
}

/** What a procedure may do that shows on the wire; each as a query and as a mutation. */
function testRouter(transformer?: { serialize(value: unknown): unknown; deserialize(value: unknown): unknown }) {
  const t = initTRPC.context<TestContext>().create({
    ...(transformer && { transformer }),
    isDev: false,
    errorFormatter({ shape, error, input, ctx, type, path }) {
      if (error.message === 'unspeakable') throw new Error('no words')
      if (error.message === 'formless') return { code: shape.code, message: shape.message } as never
      return { ...shape, data: { ...shape.data, input, type, path, calls: ctx?.calls } }
    },
  })
  const { procedure } = t
  const any = procedure.input(z.unknown())
  const circular: Record<string, unknown> = {}
  circular.self = circular
  const build = (type: 'query' | 'mutation') => {
    const as = (builder: typeof procedure, resolve: (options: never) => unknown) =>
      builder[type](resolve as () => unknown)
    const gives = (value: unknown) => as(procedure, () => value)
    return {
      echo: as(any as never, ({ input }: { input: unknown }) => input),
      strict: as(
        procedure.input(z.object({ a: z.number(), b: z.string().optional() })) as never,
        ({ input }: { input: unknown }) => input,
      ),
      fits: as(any.output(z.object({ a: z.number() })) as never, ({ input }: { input: unknown }) => input),
      fails: as(procedure.input(z.object({ how: z.string() })) as never, ({ input }: { input: { how: string } }) => {
        throw Object.hasOwn(failures, input.how) ? failures[input.how]?.() : new Error(input.how)
      }),
      early: as(
        procedure
          .use(() => {
            throw new TRPCError({ code: 'UNAUTHORIZED' })
          })
          .input(z.number()) as never,
        () => 'never',
      ),
      careless: as(
        procedure.use(async ({ getRawInput, next }) => {
          await getRawInput().catch(() => {})
          return next()
        }) as never,
        () => 'went on',
      ),
      raw: as(
        procedure.use(async (options) => {
          const { getRawInput, path, type } = options
          const { batchIndex } = options as unknown as { batchIndex: number }
          const twice = [await getRawInput(), await getRawInput()]
          return { ok: true, data: { path, type, batchIndex, twice }, ctx: {}, marker: 'middlewareMarker' } as never
        }) as never,
        () => 'never',
      ),
      late: as(any as never, async ({ input }: { input: unknown }) => {
        await turn()
        return input
      }),
      calls: as(procedure, ({ ctx }: { ctx: TestContext }) => ctx.calls),
      signal: as(procedure, ({ signal }: { signal?: AbortSignal }) => [signal instanceof AbortSignal, signal?.aborted]),
      cookie: as(any as never, ({ ctx }: { ctx: TestContext }) => {
        ctx.reply.header('set-cookie', 'a=1; HttpOnly').header('set-cookie', 'b=2').header('ratelimit-limit', 5)
        ctx.reply.code(418).header('content-type', 'text/html').header('vary', 'origin')
        return 'set'
      }),
      undefined: gives(undefined),
      null: gives(null),
      bigint: gives({ n: 1n }),
      circular: gives(circular),
      odd: gives({ at: new Date(0), not: undefined, nan: Number.NaN, text: 'é😀\ud800\u2028', list: [undefined, -0] }),
      promise: gives({ later: Promise.resolve(1) }),
      // biome-ignore lint/suspicious/noThenProperty: what it must be taken for
      thenable: gives({ f: Object.assign(() => 1, { then: (done: (n: number) => void) => done(1), catch() {} }) }),
      list: gives([Promise.resolve(1)]),
      iterable: as(procedure, async function* () {
        yield 1
      }),
      toString: gives('mine'),
    }
  }
  return t.router({
    q: t.router(build('query')),
    m: t.router(build('mutation')),
    s: procedure.input(z.unknown()).subscription(async function* ({ input }) {
      yield tracked('1', input)
      yield 'last'
    }),
  })
}

/** Turns dates into words and back, and cannot read everything. */
const transformer = {
  serialize: (value: unknown) => ({ wire: value ?? null }),
  deserialize(value: unknown) {
    if (value === 1) throw new RangeError('not one')
    if (value === 'x') throw 'no error'
    return (value as { wire?: unknown } | null)?.wire ?? value
  },
}

/** Answers of one door, with what it told `onError`. */
class Door {
  readonly #app: FastifyInstance
  readonly #prefix: string
  failed: unknown[] = []

  constructor(app: FastifyInstance, prefix: string) {
    this.#app = app
    this.#prefix = prefix
  }

  async answer({ url, ...options }: InjectOptions) {
    this.failed = []
    const sent = this.#app.inject({ ...options, url: this.#prefix + String(url) })
    const answer = await sent.catch((cause: Error) => cause.message)
    // A stream may break off after its head.
    if (typeof answer === 'string') return { status: 0, broken: answer, failed: this.failed }
    const {
      'content-length': _length,
      'transfer-encoding': _encoding,
      date: _date,
      connection: _,
      ...headers
    } = answer.headers
    for (const name in headers) if (/^(x-request-id|ratelimit-)/.test(name)) headers[name] = 'any'
    const body = answer.body.replaceAll(/"requestId":"[^"]*"/g, '"requestId":"any"').replaceAll(this.#prefix, '/door')
    return { status: answer.statusCode, headers, body, failed: this.failed }
  }
}

function openDoor(app: FastifyInstance, prefix: string, answer: (door: FastifyInstance) => Answer) {
  app.register(
    async (door) => {
      prepareDoor(door)
      const answers = answer(door)
      door.all('/*', (request, reply) => answers(request, reply, (request.params as { '*': string })['*']))
    },
    { prefix },
  )
  return new Door(app, prefix)
}

function testDoors(router: HttpCalls['router']) {
  const app = Fastify({ genReqId: () => 'any', exposeHeadRoutes: false })
  afterAll(() => app.close())
  const calls = (door: () => Door): HttpCalls => ({
    router,
    maxBatchSize: 20,
    createContext(request, reply, calls) {
      const how = request.headers['x-context']
      if (how === 'throws') throw new AppError('DATABASE_UNAVAILABLE')
      return how === 'rejects' ? Promise.reject(new Error('no context')) : Promise.resolve({ calls, reply })
    },
    onError({ error, path, input, type, ctx, req }) {
      // In a batch it depends on the moment whether another call has made the input known.
      const shown = /(b|%62)atch/.test(req.url) ? 'any' : input
      door().failed.push([error.code, error.message, error.cause?.message, path, shown, type, ctx !== undefined])
    },
    headersOf: (errors): Record<string, string> =>
      errors.length > 0 ? { 'retry-after': String(errors.length), 'x-errors': errors.map((e) => e.code).join() } : {},
  })
  let left = 0
  const official = openDoor(app, '/official', () => adapterHandler(calls(() => official)))
  const lean: Door = openDoor(app, '/lean', () => {
    const adapter = adapterHandler(calls(() => lean))
    return leanHandler(
      calls(() => lean),
      (...args) => {
        left++
        return adapter(...args)
      },
    )
  })
  return { app, lean, official, left: () => left }
}

// biome-ignore format: a list
const values = [
  '1', '"x"', '""', 'null', 'true', '{}', '[]', '[1,2]', '{"a":1}', '{"a":"1"}', '{"a":1,"b":"x","c":2}', ' {"a":1} ', '{"a":1,"a":2}',
  '{"wire":{"a":2}}', '{"__proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}', '"\\ud800"', '"é😀"', '1e400', '-0',
  '{"idempotencyKey":"k","a":1}', ...Object.keys(failures).map((how) => JSON.stringify({ how })), '{"how":"toString"}',
  `"${'x'.repeat(200_000)}"`, `${'['.repeat(500)}${']'.repeat(500)}`,
]
// biome-ignore format: a list
const broken = [
  '', ' ', '{', '{"a":1,}', "{'a':1}", 'undefined', 'NaN', '\uFEFF{"a":1}', '\uFEFF', '{"a":1}x', '"\n"', '\0',
]
// biome-ignore format: a list
const oddPaths = [
  '', '__proto__', 'constructor', 'q', 'q.', '.', 'q.constructor', 'q.__proto__', 'q.nothing', 'q.echo ', 'q.echo%20', 'q%2Eecho', 'q.echo,', ',',
  'q.%2565cho', 'q.%25', '%E0%A4%A', 'q.%zz', 'q/echo', 'q.echo/', 'Q.ECHO', 'q.é', 's', 's,s', 'q.echo#x', 'q.echo;x', `q.${'x'.repeat(3000)}`,
]
// biome-ignore format: a list
const jsonTypes = [
  'application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;', 'application/json ; x=y',
  ' application/json',
]
// biome-ignore format: a list
const oddTypes = [
  '', 'json', 'text/plain', 'application/jsonl', 'application/json, text/plain', 'multipart/form-data; boundary=x', 'application/octet-stream',
  'application/x-www-form-urlencoded', 'application/json\t',
]
// biome-ignore format: a list
const hosts = [
  'localhost:80', 'EXAMPLE.org', '[::1]:8000', '[::1', 'a b', 'a..b', '999.1.1.1', '1.2.3', 'x:99999', 'xn--a',
  'under_score', 'a@b', 'a:b@c', 'é',
]
// biome-ignore format: a list
const batchWords = [
  'batch=1', 'batch=1', 'batch=1', 'batch=1&batch=2', 'batch=2&batch=1', 'BATCH=1', '%62atch=1', '?batch=1',
  'batch=1#', 'batch',
]

/** A request as nobody should send it, or nearly always one that is right but for one thing. */
function generated(random: Random, names: { query: string[]; mutation: string[] }): InjectOptions {
  const rarely = <T>(from: readonly T[], usual: T, share = 0.05): T =>
    random.chance(share) ? random.pick(from) : usual
  const type = random.pick(['query', 'mutation'] as const)
  const method = rarely(
    ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE'] as const,
    type === 'query' ? 'GET' : 'POST',
    0.1,
  )
  const name = () =>
    rarely(oddPaths, rarely(names[type === 'query' ? 'mutation' : 'query'], random.pick(names[type]), 0.03), 0.04)
  const value = () => rarely(broken, random.pick(values), 0.1)
  const isBatch = random.chance(0.4)
  const size = isBatch ? rarely([19, 20, 21, 40], random.between(1, 5), 0.05) : rarely([2], 1, 0.02)
  const path = Array.from({ length: size }, name).join(',')

  let input: string | null = random.chance(0.15) ? null : value()
  if (isBatch && random.chance(0.9)) {
    const places = Array.from({ length: size }, (_, at) => at).filter(() => random.chance(0.8))
    const keys = [...places, ...rarely([['__proto__'], ['constructor', 'length'], ['00', '-0', '99']], [], 0.2)]
    input = `{${keys.map((key) => `"${key}":${rarely(broken, random.pick(values), 0.01)}`).join()}}`
  }
  const query = isBatch ? [rarely(batchWords, 'batch=1', 0.15)] : []
  const inQuery = rarely([type !== 'query'], type === 'query', 0.03)
  if (input !== null && inQuery) {
    const encoded = rarely(
      [encodeURI(input), input.replaceAll(/[^!-~]/g, '+'), '%zz', '%E0%A4%A'],
      encodeURIComponent(input.toWellFormed()),
      0.1,
    )
    query.push(`${rarely(['INPUT', 'inpu%74'], 'input', 0.04)}=${encoded}`)
    if (random.chance(0.03)) query.push('input=1')
  }
  if (random.chance(0.03))
    query.push(`connectionParams=${random.pick(['', '{}', '{', 'null', '{"a":1}', '{"a":"b"}'])}`)
  const sendsBody = input !== null && !inQuery
  const pick = (name: string, from: (string | undefined)[], usual?: string, share = 0.05) => {
    const value = rarely(from, usual, share)
    return value === undefined ? {} : { [name]: value }
  }
  return {
    method,
    url: `/${random.chance(0.95) ? path : encodeURIComponent(path)}${query.length > 0 ? '?' : ''}${random.shuffled(query).join('&')}`,
    ...(sendsBody && { payload: Buffer.from(input ?? '') }),
    headers: {
      ...pick(
        'content-type',
        [...jsonTypes, ...jsonTypes, ...oddTypes, undefined],
        type === 'mutation' ? 'application/json' : undefined,
        0.12,
      ),
      ...pick('trpc-accept', ['application/jsonl', 'application/json', '', 'application/jsonl, x']),
      ...pick(
        'accept',
        ['*/*', 'application/jsonl', 'text/html, application/jsonl', 'application/jsonlines', 'text/event-stream'],
        undefined,
        0.1,
      ),
      ...pick('host', hosts),
      ...pick('last-event-id', ['1']),
      ...pick('x-context', ['throws', 'rejects']),
    },
  }
}

async function compare(lean: Door, official: Door, options: InjectOptions) {
  const [ours, theirs] = [await lean.answer(options), await official.answer(options)]
  if (isDeepStrictEqual(ours, theirs)) return ours.status
  return expect(ours, `${JSON.stringify(options).slice(0, 2000)}, seed ${seed}`).toEqual(theirs)
}

describe(`the lean handler answers as tRPC's adapter does (seed ${seed})`, () => {
  it.each([
    ['plain JSON', undefined],
    ['a transformer', transformer],
  ])('with %s', async (_, transformer) => {
    const router = testRouter(transformer)
    const { lean, official, left } = testDoors(router)
    const names = Object.keys(router._def.procedures)
    const [query, mutation] = ['q.', 'm.'].map((type) => names.filter((name) => name.startsWith(type))) as [
      string[],
      string[],
    ]
    const random = new Random(seed)
    const statuses = new Map<number, number>()
    const total = 1500
    for (let n = 0; n < total; n++) {
      const status = await compare(lean, official, generated(random, { query, mutation }))
      if (status) statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    // The generator asks for what the two could differ in, and the adapter does not answer for both.
    expect(left() / total).toBeLessThan(0.6)
    for (const status of [200, 204, 207, 400, 401, 404, 405, 415, 500])
      expect(statuses.get(status) ?? 0, `${status}`).toBeGreaterThan(3)
  })
})

describe('the signal', () => {
  it.each(['lean', 'official'] as const)(
    'is aborted when the client leaves before its answer, and not after: %s',
    async (name) => {
      const signals: AbortSignal[] = []
      const { procedure, router } = initTRPC.context<TestContext>().create()
      const keep = procedure.use(({ signal, next }) => {
        signals.push(signal as AbortSignal)
        return next()
      })
      const doors = testDoors(
        router({
          answered: keep.query(() => 1),
          waiting: keep.query(() => new Promise(() => {})),
        }) as HttpCalls['router'],
      )
      await doors.app.listen({ port: 0, host: '127.0.0.1' })
      const { port } = doors.app.server.address() as AddressInfo
      const call = (path: string) => send({ port, host: '127.0.0.1', path: `/${name}/${path}`, agent: false }).end()

      const [answer] = await once(call('answered'), 'response')
      answer.resume()
      await once(answer.socket, 'close')
      const leaving = call('waiting?batch=1').on('error', () => {})
      await until('the call', () => signals.length === 2)
      expect(signals.map(({ aborted }) => aborted)).toEqual([false, false])
      leaving.destroy()
      await until('the end', () => signals[1]?.aborted)
      expect(signals[0]?.aborted).toBe(false)
      expect(doors.left()).toBe(0)
    },
  )
})

const app = await buildTestApp({
  page: async (scope) => {
    openDoor(scope, '/official', (door) => adapterHandler(httpCalls(door, { router: appRouter, createContext })))
  },
})

it('answers so for every procedure of the app, to whoever nobody knows', async () => {
  const [lean, official] = [new Door(app.root, '/trpc'), new Door(app.root, '/official')]
  const of = (type: string) => procedures.filter((procedure) => procedure.type === type).map(({ path }) => path)
  const names = { query: of('query'), mutation: of('mutation') }
  const random = new Random(seed)
  for (let n = 0; n < 800; n++) await compare(lean, official, generated(random, names))
})
