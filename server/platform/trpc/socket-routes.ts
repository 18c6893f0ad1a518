/**
 * The WebSocket door: its limits, and what tRPC does not check by itself, which is that a socket begins with a valid
 * credential and ends with its session.
 */
import websocket, { type WebSocket } from '@fastify/websocket'
import { getWSConnectionHandler, handleKeepAlive } from '@trpc/server/adapters/ws'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError, toAppError } from '../errors/app-error.ts'
import { logFailure } from '../errors/plugin.ts'
import { type Resolution, resolveCredential } from '../identity/credential.ts'
import { HandOverSocket, objectEncoder } from '../live/handover-socket.ts'
import type { TrpcOptions } from './plugin.ts'
import { isUpgradeTo, takeUpgrades } from './upgrades.ts'

export const subscriptionsPerSocket = 100
/** A client that comes back asks for all its subscriptions in one frame. */
const maxBatchSize = subscriptionsPerSocket
const maxFrameBytes = 128 * 1024
/** Answers that wait in memory for a client that asks without reading. */
const maxUnreadBytes = 1024 * 1024
const pingEveryMs = 30_000
const pongWithinMs = 10_000
/** How long the other side may take over the closing handshake; closing the server waits for it. */
const closeTimeoutMs = 2000
/** So that a page's `onSessionEnded` arrives before the end of what carries it. */
export const lastWordsMs = 250

const closeCodes = {
  failed: 1011,
  restarting: 1012,
  tryAgainLater: 1013,
  /** The credential is missing, bad or over. A browser sees a close code, and never a refused upgrade's status. */
  unauthenticated: 4401,
}

export async function registerSocket(app: FastifyInstance, { router, createContext }: TrpcOptions): Promise<void> {
  // A team's own server may have it already; upgrades of one HTTP server have one owner.
  if (app.hasDecorator('websocketServer'))
    app.log.info('sockets are served by the WebSocket server that was here first')
  else await registerWebSocketServer(app)

  // A refused upgrade has left Node's HTTP server, whose timeouts end idle connections. Hooks that refuse run before
  // @fastify/websocket's own mark, so it would keep such a connection for as long as the other side likes.
  const isOurs = isUpgradeTo(app.prefix)
  app.addHook('onResponse', async ({ raw }) => {
    if (isOurs(raw)) raw.socket.destroySoon()
  })

  const resolutions = new WeakMap<FastifyRequest, Resolution>()
  app.route({
    method: 'GET',
    url: '/',
    prefixTrailingSlash: 'no-slash',
    // Before the upgrade, so that a database that is away refuses with a 503 and not with a lost sign-in.
    preValidation: async (request) => {
      if (request.ws) resolutions.set(request, await resolveCredential(request.headers, app.config, app.sessions))
    },
    handler: async () => {
      throw new AppError('NOT_FOUND')
    },
    wsHandler: (socket, request) => {
      const resolution = resolutions.get(request)
      if (resolution?.kind !== 'signed-in') return socket.close(closeCodes.unauthenticated, 'sign in first')
      closeWithSession(app, socket, resolution.actor.sessionId)
      boundMemory(socket)
      handleKeepAlive(socket, pingEveryMs, pongWithinMs)
      const serve = getWSConnectionHandler({
        wss: app.websocketServer,
        router,
        createContext: () => createContext(app, request, null),
        maxBatchSize,
        experimental_encoder: objectEncoder,
        onError: ({ error }) => {
          // A frame that is none is the client's fault, and logged where the socket fails of it.
          if (!isProtocolError(error.cause)) logFailure(request.log, toAppError(error), error)
        },
      })
      const socketOfTrpc = new HandOverSocket(socket, (err) => {
        request.log.warn({ err }, 'a subscriber was not brought up to date')
        socket.close(closeCodes.tryAgainLater, 'try again later')
      })
      // It calls what the class has and nothing else of a WebSocket.
      serve(socketOfTrpc as unknown as WebSocket, request.raw)
    },
  })
}

async function registerWebSocketServer(app: FastifyInstance): Promise<void> {
  // Not spelled out below, for the types of ws do not know `closeTimeout` yet.
  const limits = { maxPayload: maxFrameBytes, closeTimeout: closeTimeoutMs }
  await app.register(websocket, {
    options: { ...limits, server: takeUpgrades(app.server, app.prefix) },
    errorHandler(err, socket, request) {
      request.log.info({ err }, 'socket failed')
      // Nothing, where a bad frame has closed it already with a code of its own.
      socket.close(closeCodes.failed)
    },
    preClose(done) {
      for (const socket of this.websocketServer.clients) socket.close(closeCodes.restarting)
      this.websocketServer.close()
      done()
    },
  })
}

function closeWithSession(app: FastifyInstance, socket: WebSocket, sessionId: string): void {
  let lastWords: NodeJS.Timeout | undefined
  const unwatch = app.sessions.watch.watch(sessionId, (reason) => {
    lastWords = setTimeout(() => socket.close(closeCodes.unauthenticated, reason), lastWordsMs)
  })
  socket.once('close', () => {
    unwatch()
    clearTimeout(lastWords)
  })
}

/** For clients that do not read what they ask for, and for a server whose own frames may be longer than ours. */
function boundMemory(socket: WebSocket): void {
  socket.on('message', (frame: Buffer) => {
    if (frame.byteLength > maxFrameBytes || socket.bufferedAmount > maxUnreadBytes) socket.terminate()
  })
}

const isProtocolError = (error: unknown) =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('WS_ERR_')
