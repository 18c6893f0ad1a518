/** tRPC's WebSocket door. What tRPC does not check by itself, socket-door.ts does: beginning with a valid credential, ending with its session. */
import { getWSConnectionHandler, handleKeepAlive } from '@trpc/server/adapters/ws'
import type { FastifyInstance } from 'fastify'
import type { WebSocket } from 'ws'
import { type ErrorCode, errorTable } from '../../../shared/errors.ts'
import { toAppError } from '../errors/app-error.ts'
import { logFailure } from '../errors/plugin.ts'
import { payerOf } from '../identity/credential.ts'
import { HandOverSocket, objectEncoder } from '../live/handover-socket.ts'
import { socketsPlugin } from '../sockets/plugin.ts'
import { closeCodes, holdOpen, socketRoute } from '../sockets/socket-door.ts'
import type { TrpcOptions } from './plugin.ts'
import { SocketCalls, subscriptionsPerSocket } from './socket-calls.ts'

/** A client that comes back asks for all its subscriptions in one frame. */
const maxBatchSize = subscriptionsPerSocket
const pingEveryMs = 30_000
const pongWithinMs = 10_000
/** The reason of a close that is no end of the session: an access token is all that is needed. */
const tokenMissing = 'token-missing'
/** The generic code of JSON-RPC 2.0, which tRPC's wire borrows; `data.code` is the one that says something. */
export const jsonRpcServerError = -32000

export async function registerSocket(app: FastifyInstance, { router, createContext }: TrpcOptions): Promise<void> {
  if (!app.hasDecorator('websocketServer')) await app.register(socketsPlugin)

  socketRoute(app, '', (socket, request, resolution) => {
    if (resolution.kind !== 'signed-in') {
      // No call follows that would count, so the upgrade does, as an HTTP request with the same credential.
      void app.callBudgets.spend(payerOf(resolution)?.id ?? null, request.ip)
      const isRefreshable = resolution.kind === 'anonymous' && resolution.refreshable !== null
      const endReason = resolution.kind === 'refused' ? resolution.endReason : undefined
      return socket.close(closeCodes.unauthenticated, isRefreshable ? tokenMissing : (endReason ?? 'sign in first'))
    }
    if (!holdOpen(app, socket, request, resolution)) return refuse(socket, 'TOO_MANY_CONNECTIONS', closeCodes.tooMany)
    handleKeepAlive(socket, pingEveryMs, pongWithinMs)
    const { actor } = resolution
    const calls = new SocketCalls(socket, () => app.openSubscriptions.enter(actor.id))
    const serve = getWSConnectionHandler({
      wss: app.websocketServer,
      router,
      createContext: () => createContext(app, request, null, 1, { payer: actor, calls }),
      maxBatchSize,
      experimental_encoder: objectEncoder,
      onError: ({ error }) => {
        // A frame that is none is the client's fault, and logged where the socket fails of it.
        if (!isProtocolError(error.cause)) logFailure(request, toAppError(error), error)
      },
    })
    const socketOfTrpc = new HandOverSocket(socket, calls, (err) => {
      request.log.warn({ err }, 'a subscriber was not brought up to date')
      socket.close(closeCodes.tryAgainLater, 'try again later')
    })
    // It calls what the class has and nothing else of a WebSocket.
    serve(socketOfTrpc as unknown as WebSocket, request.raw)
  })
}

/**
 * With a failure that is of no request: tRPC's clients, which would come back at once to a socket that has opened, take it
 * for a refusal and wait longer each time.
 */
function refuse(socket: WebSocket, code: ErrorCode, closeCode: number): void {
  const { status: httpStatus, message } = errorTable[code]
  socket.send(JSON.stringify({ id: null, error: { code: jsonRpcServerError, message, data: { code, httpStatus } } }))
  socket.close(closeCode, code)
}

const isProtocolError = (error: unknown) =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('WS_ERR_')
