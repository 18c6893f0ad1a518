import fp from 'fastify-plugin'
import type { PresenceTimes } from './lease-store.ts'
import { Presence } from './presence.ts'

declare module 'fastify' {
  interface FastifyInstance {
    presence: Presence
  }
}

export const presencePlugin = fp<{ times?: Partial<PresenceTimes> | undefined }>(
  async (app, { times }) => {
    const presence = new Presence(app.database.db, app.notices, app.log, times)
    app.decorate('presence', presence)
    void app.database.whenMigrated.then(() => presence.start())
    app.addHook('onClose', () => presence.close())
  },
  { name: 'plinth-presence', dependencies: ['plinth-database', 'plinth-notices'], fastify: '5.x' },
)
