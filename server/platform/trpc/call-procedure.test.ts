/** The same procedures by our call and by tRPC's: what comes of them, and what each of their middlewares was given. */
import { type AnyQueryProcedure, callTRPCProcedure, initTRPC, TRPCError } from '@trpc/server'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AppError } from '../errors/app-error.ts'
import { callProcedure } from './call-procedure.ts'

const t = initTRPC.context<{ who: string; seen: unknown[] }>().meta<{ of: string }>().create()
/** Notes what it is given, to the last field; `router` is tRPC's alone to give. */
const noting = (name: string) =>
  t.middleware(async (options) => {
    const { ctx, next, getRawInput, router: _, ...rest } = options as typeof options & { router?: unknown }
    const { seen, ...known } = ctx
    seen.push([name, { ...rest, ctx: known, raw: await getRawInput() }])
    const result = await next()
    seen.push([name, 'ended', result.ok, result.ok ? result.data : result.error])
    return result
  })
const noted = t.procedure.meta({ of: 'noted' }).use(noting('first'))
const { signal } = new AbortController()
const Amount = z.object({ amount: z.int() })

const router = t.router({
  plain: noted.query(({ ctx }) => ctx.who),
  silent: t.procedure.query(() => {}),
  deeper: t.router({ down: noted.mutation(({ path, batchIndex }) => ({ path, batchIndex })) }),
  context: noted
    .use(({ next }) => next({ ctx: { more: 1 } }))
    .use(noting('second'))
    .use(({ ctx, next }) => next({ ctx: { who: 'another', more: ctx.more + 1 } }))
    .use(noting('third'))
    .query(({ ctx: { who, more } }) => ({ who, more })),
  input: noted
    .input(Amount)
    .use(noting('second'))
    .input(z.object({ unit: z.string().default('EUR') }))
    .use(noting('third'))
    .mutation(({ input }) => input),
  // Which no type allows, and tRPC does all the same.
  otherInput: noted
    .use(({ next }) => (next as unknown as (options: object) => never)({ input: 'given' }))
    .query(({ input }) => input),
  noInput: noted
    .input(Amount)
    .use(({ next }) => (next as unknown as (options: object) => never)({ input: undefined }))
    .query(({ input }) => [input]),
  otherRawInput: noted
    .use(({ next }) => next({ getRawInput: async () => ({ amount: 5 }) }))
    .input(Amount)
    .query(({ input }) => input),
  output: noted.output(z.object({ a: z.int() })).query(() => ({ a: 1, secret: 2 })),
  wrongOutput: noted.output(z.string()).query(() => 1 as never),
  throwing: noted.query(() => {
    throw new AppError('NOT_FOUND')
  }),
  throwingText: noted.use(noting('second')).query(() => {
    throw 'text'
  }),
  barring: noted
    .use(() => {
      throw new TRPCError({ code: 'FORBIDDEN', message: 'no' })
    })
    .query(() => 1),
  forgetful: t.procedure.use((() => undefined) as never).query(() => 1),
  twice: noted
    .use(async ({ next }) => {
      await next()
      return next()
    })
    .use(noting('second'))
    .query(() => 'twice'),
  rawInputFails: noted.query(() => 1),
  otherwiseCalled: t.procedure
    .experimental_caller(async ({ args, invoke }) => ['by itself', await invoke(args[0] as never)])
    .query(() => 1) as unknown as AnyQueryProcedure,
})

const inputs: unknown[] = [undefined, { amount: 3 }, { amount: 3, unit: 'USD' }, { amount: 'three' }, null, 'text']

async function outcome(call: typeof callProcedure, path: string, type: 'query' | 'mutation', input: unknown) {
  const seen: unknown[] = []
  const getRawInput = async () => {
    if (path === 'rawInputFails') throw new TRPCError({ code: 'BAD_REQUEST', message: 'no JSON' })
    return input
  }
  try {
    const data = await call(router, { path, type, ctx: { who: 'Ada', seen }, getRawInput, signal, batchIndex: 3 })
    return { data, seen }
  } catch (error) {
    const { code, message, cause } = error as TRPCError
    return { isOurs: error instanceof TRPCError, code, message, cause, seen }
  }
}

describe.each(['query', 'mutation'] as const)('a %s', (type) => {
  it.each([...Object.keys(router._def.procedures), 'nothing', 'constructor', '__proto__', 'deeper'])(
    '%s comes to the same, step by step',
    async (path) => {
      const tRPCs: typeof callProcedure = (router, options) => callTRPCProcedure({ router, ...options })
      for (const input of inputs) {
        expect(await outcome(callProcedure, path, type, input)).toEqual(await outcome(tRPCs, path, type, input))
      }
    },
  )
})

it('is called by our own hands, but for whoever wants otherwise', async () => {
  let stack = ''
  const own = t.router({
    query: t.procedure.query(() => {
      stack = new Error().stack ?? ''
    }),
  })
  const getRawInput = async () => undefined
  await callProcedure(own, { path: 'query', type: 'query', ctx: {}, getRawInput, signal: undefined, batchIndex: 0 })
  expect(stack).not.toContain('callRecursive')
})
