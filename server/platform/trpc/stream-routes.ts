/**
 * Subscriptions as server-sent events: routes of their own, for unlike answers they last. They end with their session and
 * with the server; a client comes back by itself and goes on from its last event.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors/app-error.ts'
import { operator } from '../identity/operator.ts'
import { credentialOf } from '../identity/request-credential.ts'
import { lastWordsMs } from '../sockets/socket-door.ts'
import type { Answer, HttpCalls } from './adapter-handler.ts'
import { callProcedure } from './call-procedure.ts'

/** The longest that a timer can be set to, 24 days: the limit that holds for answers would cut every stream. */
const handlerTimeout = 2 ** 31 - 1

/** For who has too many open. */
const retryAfterS = 10

/** `stalledMs`: how long a reader may take nothing; pings have to come more often. */
export function registerStreams(app: FastifyInstance, calls: HttpCalls, answer: Answer, stalledMs = 60_000): void {
  const open = new Set<FastifyReply>()
  const procedures = Object.entries(calls.router._def.procedures as Record<string, Subscription>)
  for (const [path, { _def }] of procedures) {
    if (_def.type !== 'subscription') continue
    app.get(`/${path}`, { handlerTimeout, exposeHeadRoute: false }, async (request, reply) => {
      const resolution = await credentialOf(request, app)
      if (resolution.kind !== 'signed-in' && _def.meta?.access !== 'anybody') await refuse(request, reply, path, calls)
      // Who left meanwhile leaves no second time.
      if (reply.raw.destroyed) return
      const actor = resolution.kind === 'signed-in' ? resolution.actor : null
      const leave = app.openConnections.enter(request.ip, actor?.id ?? null)
      if (!leave) throw new AppError('TOO_MANY_CONNECTIONS', { retryAfterS })
      const unwatch = actor && actor !== operator ? endWithSession(app, actor.sessionId, reply) : () => {}
      // As a socket: it lasts no longer than the access token that it was opened with.
      const endsAtS = resolution.kind === 'signed-in' ? resolution.endsAtS : undefined
      const untilExpiry =
        endsAtS !== undefined &&
        setTimeout(() => reply.raw.destroy(), Math.max(0, (endsAtS - app.sessions.nowS) * 1000))
      // Not while pings get through: a reader that has stopped reading, or is gone without a word.
      reply.raw.setTimeout(stalledMs, () => reply.raw.destroy())
      open.add(reply)
      reply.raw.once('close', () => {
        open.delete(reply)
        leave()
        unwatch()
        clearTimeout(untilExpiry || undefined)
      })
      await answer(request, reply, path)
    })
  }
  app.addHook('preClose', async () => {
    for (const { raw } of open) raw.destroy()
  })
}

interface Subscription {
  _def: { type: string; meta?: { access?: unknown } }
}

/**
 * The procedure refuses and counts a caller who is not signed in, as for any call; here its refusal becomes the response, with its status. In a stream
 * it would follow a 200.
 */
async function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  { router, createContext }: HttpCalls,
) {
  const ctx = await createContext(request, reply, 1)
  const getRawInput = async () => undefined
  await callProcedure(router, { path, type: 'subscription', getRawInput, ctx, signal: undefined, batchIndex: 0 })
}

function endWithSession(app: FastifyInstance, sessionId: string, { raw }: FastifyReply): () => void {
  let lastWords: NodeJS.Timeout | undefined
  const unwatch = app.sessions.watch.watch(sessionId, () => {
    lastWords = setTimeout(() => raw.destroy(), lastWordsMs)
  })
  return () => {
    unwatch()
    clearTimeout(lastWords)
  }
}
