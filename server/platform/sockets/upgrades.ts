/**
 * Which upgrades of an HTTP server are ours: those to WebSocket at the paths of our doors. @fastify/websocket would take every
 * one, also where another library serves its own sockets on the server, and never end what it answers with a plain response.
 */
import { EventEmitter } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { networkOf } from '../limits/open-connections.ts'
import type { Openings } from '../limits/openings.ts'

function ignore(): void {}

/** Node 24.9 and later; its types know it as an option only. */
interface UpgradeChoice {
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean
}

export type IsOurs = (request: IncomingMessage) => boolean

/** What a parameter may be. Anything else is for the router to refuse, as an ordinary request and in ordinary time. */
const parameter = /^[\w.~-]{1,100}$/

/** `path` may have parameters, each in braces and all of a segment. */
export function isUpgradeTo(path: string): IsOurs {
  const segments = path.split('/')
  return ({ url = '', headers }) => {
    if (headers.upgrade?.toLowerCase() !== 'websocket') return false
    const asked = (url.split('?', 1)[0] as string).split('/')
    if (asked.length !== segments.length) return false
    return segments.every((segment, at) =>
      segment.startsWith('{') ? parameter.test(asked[at] as string) : segment === asked[at],
    )
  }
}

/** RFC 6455 section 4.1. Another method has no route at these paths, and nothing would end the connection after its response. */
const isGet = ({ method }: IncomingMessage) => method === 'GET'

/** A refused client retries after this time, or up to twice as long, so that not all retry at once. */
const retryAfterS = 5

/** As long as Fastify gives a handler. Nothing reads the connection until then, so that its end would not be noticed. */
const settlesWithinMs = 15_000

interface Options {
  readonly openings: Openings
  /** The client's address, as Fastify determines it for a request. */
  readonly addressOf: (request: IncomingMessage) => string | undefined
  /** Called for each upgrade that is refused because too many wait, or its turn does not come. */
  readonly onRefused?: () => void
  readonly settlesWithinMs?: number
}

/** Emits `upgrade` in place of the server, for our paths only, and for as many sockets at once as `openings` admits. */
export class Upgrades extends EventEmitter {
  readonly #ours: IsOurs[] = []
  readonly #options: Options
  readonly #opening = new WeakMap<IncomingMessage, () => void>()

  constructor(server: Server & UpgradeChoice, options: Options) {
    super()
    this.#options = options
    const isOurs: IsOurs = (request) => this.#ours.some((isThis) => isThis(request))
    const others = () => server.listenerCount('upgrade') > 1
    // What nobody serves stays an ordinary request: Java's HttpClient offers h2c with each one on plain http.
    const choose = server.shouldUpgradeCallback
    server.shouldUpgradeCallback = (request) =>
      isOurs(request) ? isGet(request) : others() && choose?.call(server, request) !== false
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (isOurs(request) && isGet(request)) void this.#admit(request, socket, head)
      // Node before 24.9 does not ask.
      else if (isOurs(request) || !others()) socket.destroy()
    })
  }

  take(isOurs: IsOurs): void {
    this.#ours.push(isOurs)
  }

  /** The upgrade of `request` is completed or refused, and makes room for the next one. */
  settle(request: IncomingMessage): void {
    this.#opening.get(request)?.()
  }

  async #admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // A connection that is reset while it waits would end the process.
    socket.on('error', ignore)
    const { promise: settled, resolve } = Promise.withResolvers<void>()
    this.#opening.set(request, resolve)
    socket.once('close', resolve)
    const { openings, addressOf, onRefused } = this.#options
    try {
      await openings.run({ network: networkOf(addressOf(request)) }, async () => {
        if (socket.destroyed) return
        const deadline = setTimeout(() => socket.destroy(), this.#options.settlesWithinMs ?? settlesWithinMs)
        this.emit('upgrade', request, socket, head)
        await settled
        clearTimeout(deadline)
      })
    } catch {
      onRefused?.()
      const seconds = retryAfterS + Math.floor(Math.random() * retryAfterS)
      const lines = ['HTTP/1.1 503 Service Unavailable', `Retry-After: ${seconds}`, 'Connection: close', '', '']
      socket.end(lines.join('\r\n'), () => socket.destroy())
    }
  }
}
