/**
 * Which upgrades of an HTTP server are ours: those to WebSocket at one path. @fastify/websocket would take every one,
 * also where another library serves its own sockets on the server, and never end what it answers with a plain response.
 */
import { EventEmitter } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** Node 24.9 and later; its types know it as an option only. */
interface UpgradeChoice {
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean
}

export const isUpgradeTo =
  (path: string) =>
  ({ url, headers }: IncomingMessage) =>
    url?.split('?', 1)[0] === path && headers.upgrade?.toLowerCase() === 'websocket'

/** What emits `upgrade` in the server's place, for our path alone. */
export function takeUpgrades(server: Server & UpgradeChoice, path: string): Server {
  const upgrades = new EventEmitter()
  const isOurs = isUpgradeTo(path)
  const others = () => server.listenerCount('upgrade') > 1
  // What nobody serves stays an ordinary request: Java's HttpClient offers h2c with each one on plain http.
  const choose = server.shouldUpgradeCallback
  server.shouldUpgradeCallback = (request) => isOurs(request) || (others() && choose?.call(server, request) !== false)
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isOurs(request)) upgrades.emit('upgrade', request, socket, head)
    // Node before 24.9 does not ask.
    else if (!others()) socket.destroy()
  })
  return upgrades as Server
}
