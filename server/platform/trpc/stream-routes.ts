/**
 * Subscriptions as server-sent events: routes of their own, for unlike answers they last. They end with their session and
 * with the server; a client comes back by itself and goes on from its last event.
 */
import type { AnyRouter } from '@trpc/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { resolveCredential } from '../identity/credential.ts'
import { lastWordsMs } from './socket-routes.ts'

/** The longest that a timer can be set to, 24 days: the limit that holds for answers would cut every stream. */
const handlerTimeout = 2 ** 31 - 1

const stalledMs = 60_000

type Answer = (request: FastifyRequest, reply: FastifyReply, path: string) => Promise<void>

export function registerStreams(app: FastifyInstance, router: AnyRouter, answer: Answer): void {
  const open = new Set<FastifyReply>()
  const procedures = Object.entries(router._def.procedures as Record<string, { _def: { type: string } }>)
  for (const [path, { _def }] of procedures) {
    if (_def.type !== 'subscription') continue
    app.get(`/${path}`, { handlerTimeout, exposeHeadRoute: false }, async (request, reply) => {
      const unwatch = await endWithSession(app, request, reply)
      // Who left meanwhile leaves no second time.
      if (reply.raw.destroyed) return unwatch()
      // Not while pings get through: a reader that has stopped reading, or is gone without a word.
      reply.raw.setTimeout(stalledMs, () => reply.raw.destroy())
      open.add(reply)
      reply.raw.once('close', () => {
        open.delete(reply)
        unwatch()
      })
      await answer(request, reply, path)
    })
  }
  app.addHook('preClose', async () => {
    for (const { raw } of open) raw.destroy()
  })
}

async function endWithSession(app: FastifyInstance, request: FastifyRequest, { raw }: FastifyReply) {
  const resolution = await resolveCredential(request.headers, app.config, app.sessions)
  if (resolution.kind !== 'signed-in') return () => {}
  let lastWords: NodeJS.Timeout | undefined
  const unwatch = app.sessions.watch.watch(resolution.actor.sessionId, () => {
    lastWords = setTimeout(() => raw.destroy(), lastWordsMs)
  })
  return () => {
    unwatch()
    clearTimeout(lastWords)
  }
}
