/**
 * The WebSocket server under the doors of its scope, and the limits that hold before anything is spoken. Doors add their routes
 * by `socketRoute`.
 */
import type { Server } from 'node:http'
import proxyAddr from '@fastify/proxy-addr'
import websocket from '@fastify/websocket'
import fp from 'fastify-plugin'
import { closeCodes, maxFrameBytes } from './socket-door.ts'
import { Upgrades } from './upgrades.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Absent where the WebSocket server is the host's. */
    upgrades?: Upgrades
  }
}

/** How long the other side may take over the closing handshake; closing the server waits for it. */
const closeTimeoutMs = 2000
/** The protocol we speak, and the only one that is answered: beside it a client may offer a credential, which is nobody's to read. */
const protocol = 'plinth'

export const socketsPlugin = fp(
  async (app) => {
    // A team's own server may have it already; upgrades of one HTTP server have one owner.
    if (app.hasDecorator('websocketServer')) {
      app.log.info('sockets are served by the WebSocket server that was here first')
      return
    }
    const isTrusted = proxyAddr.compile(app.config.server.trustProxy)
    const upgrades = new Upgrades(app.server, {
      openings: app.openings,
      // Upgrades wait here before Fastify creates a request, so `request.ip` does not exist yet.
      addressOf: (request) => proxyAddr(request, isTrusted),
      onRefused: () => app.metrics.socketUpgradesRefused.inc(),
    })
    app.decorate('upgrades', upgrades)
    // Not spelled out below, for the types of ws do not know `closeTimeout` yet.
    const limits = {
      maxPayload: maxFrameBytes,
      closeTimeout: closeTimeoutMs,
      handleProtocols: (offered: Set<string>) => (offered.has(protocol) ? protocol : false) as string | false,
    }
    await app.register(websocket, {
      // All that it does with a server is to listen to its upgrades.
      options: { ...limits, server: upgrades as unknown as Server },
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
  },
  { name: 'plinth-sockets', fastify: '5.x' },
)
