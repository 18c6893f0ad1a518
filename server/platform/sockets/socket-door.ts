/**
 * What every socket of ours goes through, whatever is spoken on it: who asks is known before the upgrade; it takes a place among
 * the open connections; it ends with its session, with its access token, and at a mebibyte that nobody reads.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { AppError } from '../errors/app-error.ts'
import type { Resolution } from '../identity/credential.ts'
import { operator } from '../identity/operator.ts'
import { credentialOf } from '../identity/request-credential.ts'
import { isUpgradeTo } from './upgrades.ts'

export const maxFrameBytes = 128 * 1024
/** Answers that wait in memory for a client that asks without reading. */
const maxUnreadBytes = 1024 * 1024
/** So that a page's `onSessionEnded` arrives before the end of what carries it. */
export const lastWordsMs = 250

export const closeCodes = {
  notText: 1003,
  tooManyFrames: 1008,
  failed: 1011,
  restarting: 1012,
  tryAgainLater: 1013,
  /** The credential is missing, bad or over. A browser sees a close code, and never a refused upgrade's status. */
  unauthenticated: 4401,
  tooMany: 4429,
}
/** The reason of a close that is no end of the session: another access token is all that is needed. */
const tokenExpired = 'token-expired'

const anonymous: Resolution = { kind: 'anonymous', refreshable: null, payer: null }

/** `path`, below the scope's prefix, may have parameters in braces. `serve` is given the socket as soon as it is open. */
export function socketRoute(
  app: FastifyInstance,
  path: string,
  serve: (socket: WebSocket, request: FastifyRequest, resolution: Resolution) => void,
): void {
  const isOurs = isUpgradeTo(app.prefix + path)
  app.upgrades?.take(isOurs)
  const resolutions = new WeakMap<FastifyRequest, Resolution>()
  app.route({
    method: 'GET',
    url: path.replaceAll(/\{(.*?)\}/g, ':$1') || '/',
    prefixTrailingSlash: 'no-slash',
    // Before the upgrade, so that a database that is away refuses with a 503 and not with a lost sign-in.
    preValidation: async (request) => {
      if (request.ws) resolutions.set(request, await credentialOf(request, app))
    },
    // A refused upgrade has left Node's HTTP server, whose timeouts end idle connections. Hooks that refuse run before
    // @fastify/websocket's own mark, so it would keep such a connection for as long as the other side likes.
    onResponse: async ({ raw }) => {
      if (isOurs(raw)) raw.socket.destroySoon()
    },
    handler: async () => {
      throw new AppError('NOT_FOUND')
    },
    wsHandler(socket, request) {
      app.upgrades?.settle(request.raw)
      serve(socket, request, resolutions.get(request) ?? anonymous)
    },
  })
}

/** False when there are too many, and then nothing is held. */
export function holdOpen(
  app: FastifyInstance,
  socket: WebSocket,
  { ip }: FastifyRequest,
  resolution: Resolution,
): boolean {
  const signedIn = resolution.kind === 'signed-in' ? resolution : null
  const leave = app.openConnections.enter(ip, signedIn?.actor.id ?? null)
  if (!leave) return false
  socket.once('close', leave)
  boundMemory(socket)
  // The operator has no session that could end before the server does.
  if (signedIn && signedIn.actor !== operator) closeWithSession(app, socket, signedIn.actor.sessionId)
  if (signedIn?.endsAtS !== undefined) closeWithToken(socket, signedIn.endsAtS - app.sessions.nowS)
  return true
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

/**
 * What was opened with an access token lasts no longer than the token: whoever copied one has 15 minutes and no more. Its holder
 * comes back with the next one, and resumes from its cursor.
 */
function closeWithToken(socket: WebSocket, afterS: number): void {
  const timer = setTimeout(() => socket.close(closeCodes.unauthenticated, tokenExpired), Math.max(0, afterS * 1000))
  socket.once('close', () => clearTimeout(timer))
}

/** For clients that do not read what they ask for, and for a server whose own frames may be longer than ours. */
function boundMemory(socket: WebSocket): void {
  const look = (frame: Buffer) => {
    if (frame.byteLength > maxFrameBytes || socket.bufferedAmount > maxUnreadBytes) socket.terminate()
  }
  socket.on('message', look)
  // Each of which ws answers by itself.
  socket.on('ping', look)
}
