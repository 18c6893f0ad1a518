/**
 * Words between instances: hints that something changed, never the change itself. One may be lost, doubled or late, so
 * whoever listens also looks at the tables from time to time. In process at once; to the others by NOTIFY.
 */
import { EventEmitter } from 'node:events'
import fp from 'fastify-plugin'
import type { SessionEndReason } from '../../../shared/account.ts'
import { newId } from '../db/columns.ts'

export interface Notices {
  'sessions.ended': { sessionIds: string[]; reason: SessionEndReason }
  /** Listening began or began again: what was said meanwhile is lost. */
  'notices.connected': Record<string, never>
}

export interface NoticeBoard {
  /** After the commit of what it tells. Local listeners have run when it returns; the others hear it soon, or not. */
  publish<Type extends keyof Notices>(type: Type, notice: Notices[Type]): void
  on<Type extends keyof Notices>(type: Type, listener: (notice: Notices[Type]) => void): void
}

declare module 'fastify' {
  interface FastifyInstance {
    notices: NoticeBoard
  }
}

const channel = 'plinth_notices'

export const noticesPlugin = fp(
  async (app) => {
    const instance = newId()
    const emitter = new EventEmitter()
    emitter.on('error', (err) => app.log.error({ err }, 'notice listener failed'))
    const emit = (type: string, notice: unknown) => {
      // One listener's failure is not the publisher's, nor another listener's.
      for (const listener of emitter.listeners(type)) {
        try {
          listener(notice)
        } catch (err) {
          app.log.error({ err, notice: type }, 'notice listener failed')
        }
      }
    }
    app.decorate('notices', {
      publish(type, notice) {
        emit(type, notice)
        app.database.notify(channel, JSON.stringify({ instance, type, notice })).catch((err) => {
          app.log.warn({ err, notice: type }, 'other instances not told, they will find out by looking')
        })
      },
      on(type, listener) {
        emitter.on(type, listener)
      },
    } satisfies NoticeBoard)

    const onNotice = (payload: string) => {
      try {
        const { instance: from, type, notice } = JSON.parse(payload)
        if (from !== instance) emit(type, notice)
      } catch (err) {
        app.log.warn({ err }, 'notice not understood')
      }
    }
    void app.database.whenMigrated
      .then(() => app.database.listen(channel, onNotice, () => emit('notices.connected', {})))
      .catch((err) => app.log.warn({ err }, 'not hearing notices of other instances, looking at the tables instead'))
  },
  { name: 'plinth-notices', dependencies: ['plinth-database'], fastify: '5.x' },
)
