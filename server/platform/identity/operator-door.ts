/** Lets commands on this machine in while the server listens: what a second process cannot do with the embedded database, it asks for. */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { removeOperatorFile, writeOperatorFile } from './operator-file.ts'
import type { OperatorToken } from './operator-token.ts'

export function openToOperator(app: FastifyInstance, token: OperatorToken, folder: string): void {
  app.addHook('onListen', async () => {
    const url = ownUrl(app)
    // Without one commands still say who has the folder, and what to do.
    if (url === null) return app.log.info('not listening on loopback: commands work while the server is stopped')
    try {
      const { publicUrl: origin } = app.config.server
      writeOperatorFile(folder, { url, origin, token: token.issue(), pid: process.pid })
    } catch (err) {
      token.revoke()
      app.log.warn({ err }, 'file for commands not written: they work while the server is stopped')
    }
  })
  app.addHook('preClose', async () => {
    token.revoke()
    removeOperatorFile(folder)
  })
}

/** Over loopback and plain http; null where that does not lead here. */
function ownUrl({ server }: FastifyInstance): string | null {
  const at = server.address() as AddressInfo | string | null
  if (at === null || typeof at === 'string' || 'setSecureContext' in server) return null
  if (at.address === '::' || at.address === '::1') return `http://[::1]:${at.port}`
  return at.address === '0.0.0.0' || at.address === '127.0.0.1' ? `http://127.0.0.1:${at.port}` : null
}
