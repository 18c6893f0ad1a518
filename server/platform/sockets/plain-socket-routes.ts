/**
 * Subscriptions for clients without tRPC: a WebSocket of plain JSON for each that names a path. What happens on it is one call of the
 * procedure, so it is authorised, counted and watched as at every other door; the hub writes its events.
 */
import { type AnyRouter, callTRPCProcedure, isTrackedEnvelope } from '@trpc/server'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { z } from 'zod'
import { AppError, toAppError } from '../errors/app-error.ts'
import { logFailure } from '../errors/plugin.ts'
import { parseCursor } from '../live/channel-event.ts'
import { HandOver } from '../live/follow.ts'
import { PlainForm } from '../live/plain-form.ts'
import { SocketSink } from '../live/socket-sink.ts'
import { heed } from './plain-keep-alive.ts'
import { socketsPlugin } from './plugin.ts'
import { closeCodes, holdOpen, socketRoute } from './socket-door.ts'

export interface SocketMeta {
  /** With parameters in braces, which are fields of the input. `after` of the query is its `lastEventId`. */
  path: `/${string}`
  /** What each type of event is called there, a contract. */
  events: Readonly<Record<string, string>>
}

export interface PlainSocketOptions {
  router: AnyRouter
  createContext: (app: FastifyInstance, request: FastifyRequest, reply: null) => object
  /** Who has not been heard of for twice as long is gone. */
  pingEveryMs?: number
}

export const plainSocketPlugin: FastifyPluginAsync<PlainSocketOptions> = async (
  app,
  { router, createContext, pingEveryMs = 30_000 },
) => {
  if (!app.hasDecorator('websocketServer')) await app.register(socketsPlugin)

  for (const { name, path, events } of plainSocketsOf(router)) {
    const form = new PlainForm(events)
    socketRoute(app, path, (socket, request, resolution) => {
      const sink = new SocketSink(socket, form)
      if (!holdOpen(app, socket, request, resolution)) return refuse(socket, sink, new AppError('TOO_MANY_CONNECTIONS'))
      heed(socket, pingEveryMs)
      const left = new AbortController()
      socket.once('close', () => left.abort())
      const call = {
        path: name,
        type: 'subscription' as const,
        ctx: createContext(app, request, null),
        getRawInput: async () => ({ ...(request.params as object), lastEventId: afterOf(request) }),
        signal: left.signal,
        batchIndex: 0,
      }
      void speak(callTRPCProcedure({ router, ...call }), { socket, sink, form, request })
    })
  }
}

interface Speaking {
  socket: WebSocket
  sink: SocketSink
  form: PlainForm
  request: FastifyRequest
}

/** Until the stream ends, and says why in a frame and in the code of the close. Never rejects. */
async function speak(begun: Promise<unknown>, { socket, sink, form, request }: Speaking): Promise<void> {
  let joined = false
  try {
    for await (const message of (await begun) as AsyncIterable<unknown>) {
      if (message instanceof HandOver) {
        message.begin(sink).catch((err) => {
          request.log.warn({ err }, 'a subscriber was not brought up to date')
          refuse(socket, sink, new AppError('SERVER_BUSY'))
        })
        continue
      }
      const cursor = isTrackedEnvelope(message) ? parseCursor(message[0], '') : null
      if (!cursor) throw new Error('a plain socket follows a channel and nothing else')
      sink.say(form.ready(cursor))
      joined = true
    }
  } catch (error) {
    const appError = toAppError(error)
    logFailure(request, appError, error)
    // Who was in it knows that it exists.
    refuse(socket, sink, joined && appError.status === 404 ? new AppError('FORBIDDEN') : appError)
  }
}

function refuse(socket: WebSocket, sink: SocketSink, { status, body, retryAfterS }: AppError): void {
  sink.say(JSON.stringify({ type: 'error', ...body, retryAfterS }))
  socket.close(closeCodeOf(status), body.code)
}

const closeCodeOf = (status: number) =>
  status < 500 ? 4000 + status : status === 503 ? closeCodes.tryAgainLater : closeCodes.failed

/** A number or a cursor. Anything else is refused before anybody joins: taken for none, it would lose events without a word. */
function afterOf({ query }: FastifyRequest): string | undefined {
  const { after } = query as { after?: unknown }
  if (after === undefined) return undefined
  if (typeof after === 'string' && parseCursor(after, '') !== null) return after
  throw new AppError('VALIDATION_ERROR', { details: [{ field: 'after', message: 'Must be a number or a cursor' }] })
}

interface Procedure {
  _def: { type: string; meta?: { socket?: SocketMeta }; inputs: unknown[] }
}

/** What cannot work stops the start, not the first caller. */
function plainSocketsOf(router: AnyRouter) {
  const procedures = Object.entries(router._def.procedures as Record<string, Procedure>)
  return procedures.flatMap(([name, { _def }]) => {
    const { type, meta, inputs } = _def
    if (!meta?.socket) return []
    if (type !== 'subscription') throw new Error(`${name}: sockets are for subscriptions`)
    const fields = inputs.flatMap((input) => (input instanceof z.ZodObject ? Object.keys(input.shape) : []))
    const parameters = Array.from(meta.socket.path.matchAll(/\{(.*?)\}/g), ([, parameter]) => parameter as string)
    for (const field of ['lastEventId', ...parameters]) {
      if (!fields.includes(field)) throw new Error(`${name}: ${field} is no field of its input`)
    }
    return [{ ...meta.socket, name }]
  })
}
