/**
 * Calls a procedure, as tRPC's own `callTRPCProcedure` does: its middlewares in order, each with the next one in its hands. tRPC's
 * package is compiled for engines that have no `{ ...spread }`, so it copies its options twice and the context once for each
 * middleware, property by property: a seventh of a whole call, and more with a context of many fields. That is all that is done
 * otherwise here. lean-handler.test.ts compares the two; it rests on `_def.middlewares`, so look at it when tRPC is raised.
 */
import { type AnyRouter, callTRPCProcedure, getTRPCErrorFromUnknown, TRPCError } from '@trpc/server'

interface Options {
  path: string
  type: 'query' | 'mutation' | 'subscription'
  ctx: object | undefined
  getRawInput: () => Promise<unknown>
  signal: AbortSignal | undefined
  batchIndex: number
  input?: unknown
}

type NextOptions = { ctx?: object; input?: unknown; getRawInput?: () => Promise<unknown> } | undefined
type Result = { ok: true; data: unknown } | { ok: false; error: TRPCError }
type Middleware = (
  options: Options & { meta: unknown; next: (options?: NextOptions) => Promise<Result> },
) => Promise<Result>

interface Definition {
  type: string
  meta: unknown
  middlewares?: Middleware[]
  /** Of whoever wants procedures to be called in another way. */
  experimental_caller?: boolean
}

/** @throws TRPCError NOT_FOUND, and whatever the procedure throws, as a TRPCError */
export async function callProcedure(router: AnyRouter, options: Options): Promise<unknown> {
  const procedures: Record<string, { _def: Definition }> = router._def.procedures
  const definition = procedures[options.path]?._def
  if (!definition?.middlewares || definition.experimental_caller || definition.type !== options.type) {
    return callTRPCProcedure({ router, ...options })
  }
  const result = await run(definition, definition.middlewares, 0, options)
  if (!result) {
    const message = 'No result from middlewares - did you forget to `return next()`?'
    throw new TRPCError({ code: 'INTERNAL_SERVER_ERROR', message })
  }
  if (!result.ok) throw result.error
  return result.data
}

async function run(definition: Definition, middlewares: Middleware[], at: number, options: Options): Promise<Result> {
  try {
    const next = (changed: NextOptions) =>
      run(definition, middlewares, at + 1, {
        ...options,
        ctx: changed?.ctx ? { ...options.ctx, ...changed.ctx } : options.ctx,
        input: changed && 'input' in changed ? changed.input : options.input,
        getRawInput: changed?.getRawInput ?? options.getRawInput,
      })
    const middleware = middlewares[at] as Middleware
    return await middleware({ ...options, meta: definition.meta, input: options.input, next })
  } catch (cause) {
    return { ok: false, error: getTRPCErrorFromUnknown(cause) }
  }
}
