/** tRPC, set up once: the procedures that features build on, and the shape in which errors leave. */
import { initTRPC } from '@trpc/server'
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc'
import type { Capability } from '../shared/capabilities.ts'
import type { Context } from './context.ts'
import { notedChange, notedChanges, recordAudit } from './platform/audit/audit-log.ts'
import { withTransaction } from './platform/db/transaction.ts'
import { AppError, toAppError } from './platform/errors/app-error.ts'
import { idempotencyKeyOf, oncePerKey } from './platform/idempotency/idempotency-key.ts'
import { payerOf, type Resolution, refusal } from './platform/identity/credential.ts'
import { requireUse } from './platform/identity/may-use.ts'
import { operator, operatorIp, personIdOf } from './platform/identity/operator.ts'
import type { Actor } from './platform/identity/sessions.ts'
import { networkOf } from './platform/limits/open-connections.ts'
import type { McpMeta } from './platform/mcp/tool.ts'
import type { Access, RestMeta } from './platform/rest/rest-route.ts'
import type { SocketMeta } from './platform/sockets/plain-socket-routes.ts'

const { INTERNAL_SERVER_ERROR: internal, BAD_REQUEST: refused } = TRPC_ERROR_CODES_BY_KEY

/** What a procedure says of itself. */
export interface ProcedureMeta {
  /**
   * A mutation that changes nothing, such as a word that somebody is writing, or a question with a secret in it that must be in no
   * address: not recorded.
   */
  hint?: true
  /** Every other mutation has one. */
  audit?: {
    /** What is changed: the first half of the record's target. */
    noun: string
    /** The field of the input whose value is the other half; absent, it is the answer's `id`, or else the actor. */
    id?: string
    /** Fields, of the input and of what changed, that are people's own words or long: the record says that there were some, not which. */
    leaveOut?: readonly string[]
    /** The call is about several rows: each that it changes has a record, of what changed. See `noteChangeOf`. */
    each?: true
    /** The procedure writes its record itself, in the one statement that it is, and needs no transaction. */
    byItself?: true
    /**
     * What goes in or comes out is a secret: no hash of it and no answer are kept for a key, and a repeat is a new call. It is in
     * no transaction but its own, in which it writes its record.
     */
    secret?: true
  }
  /** Answers over REST too. */
  rest?: RestMeta
  /** A tool of the MCP door, where that is on. */
  mcp?: McpMeta
  /** Who may, as documents tell it. The procedures below say it, and their middlewares decide. */
  access?: Access
  /** How many calls it counts as against the caller's budget, where that is more than one. */
  price?: number
  /** No API key may, whatever its scopes. */
  refusesKeys?: true
  /** Whoever is not signed in may as well, unless PUBLIC_READS is false. Nothing in the answer says anything about a person. */
  publicRead?: true
  /** A subscription to a channel: over a WebSocket of plain JSON too. */
  socket?: SocketMeta
}

const t = initTRPC
  .context<Context>()
  .meta<ProcedureMeta>()
  .create({
    isDev: false,
    // Proxies end what is silent; and a reader that hears nothing for as long knows that the connection is dead.
    sse: { ping: { enabled: true, intervalMs: 10_000 }, client: { reconnectAfterInactivityMs: 25_000 } },
    errorFormatter({ shape, error, ctx }) {
      const appError = toAppError(error)
      const { code, message, ...more } = appError.body
      return {
        // To tRPC our errors are faults of the server, which its clients of server-sent events would try again for ever.
        code: appError.status < 500 && shape.code === internal ? refused : shape.code,
        message,
        data: {
          code,
          httpStatus: appError.status,
          path: shape.data.path,
          ...more,
          retryAfterS: appError.retryAfterS,
          requestId: ctx?.requestId,
        },
      }
    },
  })

export const router = t.router

type Next = { ok: boolean; data?: unknown }

/**
 * Bounds what one socket may run at once and hold open. A subscription is let go of by the signal, which tRPC aborts at stop, at
 * disconnect and when a stream fails, and by the end of the stream itself.
 */
async function countingOnSocket<Result extends Next>(
  {
    ctx: { socketCalls, socketPayer, origin, openings },
    type,
    signal,
  }: { ctx: Context; type: string; signal: AbortSignal | undefined },
  run: () => Promise<Result>,
): Promise<Result> {
  if (!socketCalls) return run()
  const end = socketCalls.begin()
  try {
    if (type !== 'subscription') return await run()
    const by = socketPayer ? { userId: socketPayer.id } : { network: networkOf(origin.ip) }
    return await holdingSubscription(socketCalls.openSubscription(), signal, () => openings.run(by, run))
  } finally {
    end()
  }
}

async function holdingSubscription<Result extends Next>(
  release: () => void,
  signal: AbortSignal | undefined,
  run: () => Promise<Result>,
): Promise<Result> {
  if (signal?.aborted) release()
  signal?.addEventListener('abort', release, { once: true })
  let isOpen = false
  try {
    const result = await run()
    if (!result.ok) return result
    isOpen = true
    return { ...result, data: releasing(result.data as AsyncIterable<unknown>, release) }
  } finally {
    if (!isOpen) release()
  }
}

async function* releasing(stream: AsyncIterable<unknown>, release: () => void) {
  try {
    yield* stream
  } finally {
    release()
  }
}

/**
 * Under every procedure: who asks is known, and the call counted against their budget. What is refused for a bad credential
 * counts too, as nobody's: guessing tokens is bounded like anything else. Then `admit` refuses, or adds to the context.
 *
 * One middleware, in which gates are functions: for each further one tRPC copies the context and its own options anew, which for
 * three took as long as the way from HTTP to the procedure.
 */
const gate = <Admitted extends object>(access: Access, admit: (ctx: Context, resolution: Resolution) => Admitted) =>
  t.procedure.meta({ access }).use((call) =>
    countingOnSocket(call, async () => {
      const { ctx, path, meta, next } = call
      if (ctx.socketPayer) await ctx.countCall(ctx.socketPayer, meta?.price)
      const resolution = await ctx.resolve()
      if (!ctx.socketPayer) await ctx.countCall(payerOf(resolution), meta?.price)
      const result = await next({ ctx: { origin: originOf(ctx, resolution), ...admitted(call, admit, resolution) } })
      if (!result.ok) ctx.noteRefusal(result.error, path, resolution)
      return result
    }),
  )

function admitted<Admitted extends object>(
  { ctx, path }: { ctx: Context; path: string },
  admit: (ctx: Context, resolution: Resolution) => Admitted,
  resolution: Resolution,
): Admitted {
  try {
    return admit(ctx, resolution)
  } catch (error) {
    ctx.noteRefusal(error, path, resolution)
    throw error
  }
}

/** For records: what a key did, its person may not have known of. */
function originOf({ origin }: Context, resolution: Resolution): Context['origin'] {
  if (resolution.kind !== 'signed-in') return origin
  const { actor } = resolution
  // The same in a record, whether the command has the database or asks a server that has it.
  if (actor === operator) return { ...origin, ip: operatorIp }
  return actor.scopes ? { ...origin, apiKeyId: actor.sessionId } : origin
}

/**
 * For all callers. An ended session counts as none, so that the sign-in page works, and a cookie that is unknown or has expired is
 * deleted. Any other bad credential is refused.
 */
export const publicProcedure = gate('anybody', admitAnybody)

function admitAnybody(ctx: Context, resolution: Resolution): { actor: Actor | null } {
  if (resolution.kind === 'refused') {
    if (!resolution.staleCookie) throw refusal(resolution)
    // After any other end the cookie stays, because other tabs clear their pages only when it is refused.
    if (!resolution.endReason || resolution.endReason === 'expired') ctx.clearSessionCookie()
  }
  return { actor: resolution.kind === 'signed-in' ? resolution.actor : null }
}

/**
 * For a page that is opened: as `publicProcedure`, so that visitors are not refused. A browser that has a refresh token is asked to
 * exchange it, and a session that ended otherwise than by its age is refused with the reason, by which other tabs clear their pages.
 * @throws AppError ACCESS_TOKEN_MISSING, SESSION_ENDED, INVALID_CREDENTIAL, API_KEY_INVALID
 */
export const visitorProcedure = gate('anybody', (ctx, resolution) => {
  if (resolution.kind === 'anonymous' && resolution.refreshable) throw new AppError('ACCESS_TOKEN_MISSING')
  if (resolution.kind === 'refused' && resolution.endReason && resolution.endReason !== 'expired')
    throw refusal(resolution)
  return admitAnybody(ctx, resolution)
})

/**
 * For a call whose input is its credential: no other decides, so that a token which has run out is not in its successor's way. It
 * counts by itself (`ctx.countCall`) for whoever it turns out to be; what fails before that counts as a stranger's.
 */
export const credentialProcedure = t.procedure.meta({ access: 'credential' }).use((call) =>
  countingOnSocket(call, async () => {
    const { ctx, next } = call
    let isCounted = false
    const countCall: typeof ctx.countCall = (payer) => {
      isCounted = true
      return ctx.countCall(payer)
    }
    const result = await next({ ctx: { countCall } })
    if (!isCounted) await ctx.countCall(null)
    return result
  }),
)

/** As `authedProcedure`, for a page that queries which user the browser is signed in as, and for API keys too. */
export const userOrKeyProcedure = gate('user-or-key', (_ctx, resolution) => ({ actor: actorOf(resolution) }))

function actorOf(resolution: Resolution): Actor {
  if (resolution.kind === 'anonymous') {
    throw new AppError(resolution.refreshable ? 'ACCESS_TOKEN_MISSING' : 'UNAUTHENTICATED')
  }
  if (resolution.kind === 'refused') throw refusal(resolution)
  return resolution.actor
}

/** Whoever has found a key must not become its person with it, nor make of it what lasts longer. */
function refuseApiKey({ scopes }: Actor): void {
  if (scopes !== null) throw new AppError('API_KEY_REFUSED')
}

function refuseOthersPage(pageOf: string | null, actor: Actor): void {
  if (pageOf !== null && pageOf !== actor.id) throw new AppError('PERSON_CHANGED')
}

/** A page of one person does nothing in the name of another. */
function admitOnOwnPage({ pageOf }: Context, resolution: Resolution): { actor: Actor } {
  const actor = actorOf(resolution)
  refuseOthersPage(pageOf, actor)
  return { actor }
}

function admitSignedIn(ctx: Context, resolution: Resolution): { actor: Actor } {
  const admitted = admitOnOwnPage(ctx, resolution)
  refuseApiKey(admitted.actor)
  return admitted
}

/**
 * For whoever is signed in, and no API key; `ctx.actor` says who.
 * @throws AppError UNAUTHENTICATED, INVALID_CREDENTIAL, API_KEY_INVALID, SESSION_ENDED, PERSON_CHANGED, API_KEY_REFUSED
 */
export const authedProcedure = gate('signed-in', admitSignedIn)

/**
 * For a user or a key, for what is in parts of which each needs a capability of its own: the service asks for them (`mayUse`, `requireUse`).
 * @throws as `authedProcedure`, but for API_KEY_REFUSED
 */
export const ownReads = gate('user-or-key', admitOnOwnPage)

/**
 * For whoever is signed in and makes a legacy id theirs: the one place where a vouched-for `X-User-Id` may name somebody else than
 * the credential beside it. `ctx.vouchedLegacyId` is what it names then. @throws as `authedProcedure`
 */
export const claimingProcedure = gate('signed-in', ({ pageOf }, resolution) => {
  const claim = resolution.kind === 'refused' ? resolution.claim : undefined
  const actor = claim?.actor ?? actorOf(resolution)
  refuseOthersPage(pageOf, actor)
  refuseApiKey(actor)
  return { actor, vouchedLegacyId: claim?.legacyId ?? null }
})

/**
 * For whoever is signed in and has the capability, which a stream goes on asking for; an API key needs its scope besides.
 * @throws as `authedProcedure`, but for API_KEY_REFUSED, and FORBIDDEN, SCOPE_MISSING
 */
export const can = (capability: Capability) =>
  gate(capability, (ctx, resolution) => admitWith(capability, ctx, resolution))

function admitWith(capability: Capability, ctx: Context, resolution: Resolution) {
  const { actor } = admitOnOwnPage(ctx, resolution)
  requireUse(actor, capability)
  return { actor, capability }
}

/**
 * As `can`, for what outlasts a key: no API key may, whatever its scopes.
 * @throws as `authedProcedure`, and FORBIDDEN
 */
export const canInPerson = (capability: Capability) =>
  gate(capability, (ctx, resolution) => {
    admitSignedIn(ctx, resolution)
    return admitWith(capability, ctx, resolution)
  }).meta({ refusesKeys: true })

/**
 * For everybody while PUBLIC_READS is true, as `publicProcedure`; else as `can`. Whoever is signed in, or comes by an API key, needs the
 * capability either way. A browser that has yet to exchange its refresh token is told to, for it would be shown what strangers are.
 * @throws as `can`
 */
export const publicRead = (capability: Capability) =>
  gate(capability, (ctx, resolution) => {
    if (resolution.kind === 'signed-in' || !ctx.config.publicReads) return admitWith(capability, ctx, resolution)
    if (resolution.kind === 'anonymous' && resolution.refreshable) throw new AppError('ACCESS_TOKEN_MISSING')
    return { ...admitAnybody(ctx, resolution), capability }
  }).meta({ publicRead: true })

/** For commands of whoever runs the server, whom no sign-in and no role makes. @throws as `authedProcedure`, and FORBIDDEN */
export const operatorProcedure = gate('operator', (ctx, resolution) => {
  const admitted = admitSignedIn(ctx, resolution)
  if (admitted.actor !== operator) throw new AppError('FORBIDDEN')
  return admitted
})

type Fields = Record<string, unknown> | undefined

function leavingOut(fields: readonly string[] = [], columns: Fields): Fields {
  return (
    columns &&
    Object.fromEntries(
      Object.entries(columns).map(([name, value]) => [
        name,
        fields.includes(name) && value != null ? '[left out]' : value,
      ]),
    )
  )
}

/**
 * Around every mutation, after its input and before its output: one transaction with the change, its record in the audit log
 * and, where the call has a key, its answer. `ctx.db` is that transaction. What the services do besides the database waits for
 * its end (`afterCommit`), for it may be rolled back and run again.
 */
export const recorded = t.middleware(async ({ ctx, path, meta, input, getRawInput, next }) => {
  const { audit } = meta ?? {}
  if (!audit) throw new Error(`${path} does not say what it changes`)
  const actor = (ctx as { actor?: Actor | null }).actor ?? null
  if (audit.secret) return next()
  const key = idempotencyKeyOf(await getRawInput(), ctx.idempotencyKey, ctx.calls)
  if (audit.byItself && key === null) return next()

  return withTransaction(ctx.db, async (tx) => {
    const mutate = async () => {
      const result = await next({ ctx: { db: tx } })
      if (!result.ok) throw result.error
      if (audit.byItself) return result.data
      const record = { ...ctx.origin, actorId: personIdOf(actor), action: path }
      if (audit.each) {
        for (const [id, { before, after }] of notedChanges(tx))
          await recordAudit(tx, { ...record, target: `${audit.noun}:${id}`, before, after })
        return result.data
      }
      const change = notedChange(tx)
      const id = audit.id ? (input as Fields)?.[audit.id] : ((result.data as Fields)?.id ?? actor?.id)
      await recordAudit(tx, {
        ...record,
        target: `${audit.noun}:${id}`,
        before: leavingOut(audit.leaveOut, change?.before),
        // What was asked, for a row may not show it: whom a collaborator's removal removed.
        after: change?.after === null ? null : leavingOut(audit.leaveOut, { ...(input as Fields), ...change?.after }),
      })
      return result.data
    }
    const call = actor && key !== null && { actorId: actor.id, key, procedure: path, input }
    // Keys are each person's own: what nobody signed for cannot be asked for again.
    return { ok: true, data: await (call ? oncePerKey(tx, call, mutate) : mutate()) } as never
  })
})
