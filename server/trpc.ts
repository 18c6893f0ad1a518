/** tRPC, set up once: the procedures that features build on, and the shape in which errors leave. */
import { initTRPC } from '@trpc/server'
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc'
import { type Capability, hasCapability } from '../shared/capabilities.ts'
import type { Context } from './context.ts'
import { AppError, toAppError } from './platform/errors/app-error.ts'
import { subscriptionsPerSocket } from './platform/trpc/socket-routes.ts'

const { INTERNAL_SERVER_ERROR: internal, BAD_REQUEST: refused } = TRPC_ERROR_CODES_BY_KEY

const t = initTRPC.context<Context>().create({
  isDev: false,
  // Proxies end what is silent; and a reader that hears nothing for as long knows that the connection is dead.
  sse: { ping: { enabled: true, intervalMs: 10_000 }, client: { reconnectAfterInactivityMs: 25_000 } },
  errorFormatter({ shape, error, ctx }) {
    const appError = toAppError(error)
    const { code, message, details } = appError.body
    return {
      // To tRPC our errors are faults of the server, which its clients of server-sent events would try again for ever.
      code: appError.status < 500 && shape.code === internal ? refused : shape.code,
      message,
      data: {
        code,
        httpStatus: appError.status,
        path: shape.data.path,
        details,
        requestId: ctx?.requestId,
      },
    }
  },
})

export const router = t.router

/**
 * Bounds what one socket may hold open. Released by the signal, which tRPC aborts at stop, at disconnect and when a
 * stream fails, and by the end of the stream itself.
 */
const countSubscriptions = t.middleware(async ({ ctx, type, signal, next }) => {
  if (type !== 'subscription') return next()
  if (ctx.subscriptions.open >= subscriptionsPerSocket) throw new AppError('TOO_MANY_SUBSCRIPTIONS')
  ctx.subscriptions.open++
  let held = true
  const release = () => {
    if (held) ctx.subscriptions.open--
    held = false
  }
  if (signal?.aborted) release()
  signal?.addEventListener('abort', release, { once: true })
  const result = await next()
  if (!result.ok) {
    release()
    return result
  }
  return { ...result, data: releasing(result.data as AsyncIterable<unknown>, release) }
})

async function* releasing(stream: AsyncIterable<unknown>, release: () => void) {
  try {
    yield* stream
  } finally {
    release()
  }
}

/**
 * For everybody. An ended session counts as none and its cookie is taken back, so that the sign-in page works;
 * any other bad credential is refused here too.
 */
export const publicProcedure = t.procedure.use(countSubscriptions).use(async ({ ctx, next }) => {
  const resolution = await ctx.resolve()
  if (resolution.kind === 'refused') {
    if (!resolution.staleCookie) throw new AppError(resolution.code)
    ctx.clearSessionCookie()
  }
  return next({ ctx: { actor: resolution.kind === 'signed-in' ? resolution.actor : null } })
})

/** For whoever is signed in; `ctx.actor` says who. @throws AppError UNAUTHENTICATED, INVALID_CREDENTIAL, SESSION_ENDED */
export const authedProcedure = t.procedure.use(countSubscriptions).use(async ({ ctx, next }) => {
  const resolution = await ctx.resolve()
  if (resolution.kind === 'anonymous') throw new AppError('UNAUTHENTICATED')
  if (resolution.kind === 'refused') throw new AppError(resolution.code)
  return next({ ctx: { actor: resolution.actor } })
})

/** For whoever is signed in and has the capability. @throws as `authedProcedure`, and FORBIDDEN */
export const can = (capability: Capability) =>
  authedProcedure.use(({ ctx, next }) => {
    if (!hasCapability(ctx.actor.role, capability)) throw new AppError('FORBIDDEN')
    return next()
  })
