/**
 * Words between instances: hints that something changed, never the change itself. One may be lost, doubled or late, so
 * whoever listens also looks at the tables from time to time. In process at once; to the others by NOTIFY, or through
 * Redis where there is one.
 */
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { z } from 'zod'
import { SessionEndReason } from '../../../shared/account.ts'
import { newId } from '../db/columns.ts'
import { databaseTransport, type NoticeTransport } from './transport.ts'

/** What instances say to each other. An instance of another release may say more, or say it otherwise. */
const wire = {
  'sessions.ended': z.object({ sessionIds: z.array(z.string()), reason: SessionEndReason }),
  /** Role, state or profile: what was remembered of them is not to be trusted. */
  'people.changed': z.object({ personIds: z.array(z.string()) }),
  /** [channel, epoch, seq, JSON of the event, or null when it is too long: whoever cares looks it up] */
  'live.published': z.object({
    hints: z.array(z.tuple([z.string(), z.string(), z.int(), z.string().nullable()])),
    /** [mark, previousMark] of each hint. Not in the hints themselves, which releases without marks take at this length only. */
    marks: z.array(z.tuple([z.string().nullable(), z.string().nullable()])).optional(),
  }),
  'presence.changed': z.object({ rooms: z.array(z.string()) }),
  'presence.writing': z.object({ room: z.string(), userId: z.string(), writing: z.boolean() }),
}
const Envelope = z.object({ instance: z.string(), type: z.string(), notice: z.unknown() })

type Wire = { [Type in keyof typeof wire]: z.infer<(typeof wire)[Type]> }
export interface Notices extends Wire {
  /** Listening began or began again: what was said meanwhile is lost. Said by nobody else than this process. */
  'notices.connected': Record<string, never>
}

export interface NoticeBoard {
  /** After the commit of what it tells. Local listeners have run when it returns; the others hear it soon, or not. */
  publish<Type extends keyof Wire>(type: Type, notice: Wire[Type]): void
  /** To the other instances alone; resolves when it has been said. Never throws: they find out by looking. */
  tellOthers<Type extends keyof Wire>(type: Type, notice: Wire[Type]): Promise<void>
  on<Type extends keyof Notices>(type: Type, listener: (notice: Notices[Type]) => void): void
  /** What one notice may hold, its envelope left aside. */
  readonly maxBytes: number
  /** Whether instances hear each other through Redis now; undefined where there is none. */
  readonly redis: 'connected' | 'disconnected' | undefined
}

declare module 'fastify' {
  interface FastifyInstance {
    notices: NoticeBoard
  }
}

type Listener = (notice: never) => void

export const noticesPlugin = fp(
  async (app) => {
    const instance = newId()
    const { redisUrl } = app.config
    // With an embedded database there is nobody else to hear or to tell.
    const transport =
      redisUrl && app.database.kind === 'postgres'
        ? await redisTransport(redisUrl, app)
        : databaseTransport(app.database)
    const listeners = new Map<string, Set<Listener>>()
    const emit = (type: string, notice: unknown) => {
      for (const listener of listeners.get(type) ?? []) {
        // One listener's failure is not the publisher's, nor another listener's.
        try {
          listener(notice as never)
        } catch (err) {
          app.log.error({ err, notice: type }, 'notice listener failed')
        }
      }
    }
    const tellOthers = async (type: string, notice: unknown) => {
      try {
        await transport.tell(JSON.stringify({ instance, type, notice }))
      } catch (err) {
        app.log.warn({ err, notice: type }, 'other instances not notified; they find the change when they poll')
      }
    }
    app.decorate('notices', {
      publish(type, notice) {
        emit(type, notice)
        void tellOthers(type, notice)
      },
      tellOthers,
      on(type, listener) {
        listeners.set(type, (listeners.get(type) ?? new Set()).add(listener))
      },
      maxBytes: transport.maxBytes,
      get redis() {
        return transport.connected === undefined ? undefined : transport.connected ? 'connected' : 'disconnected'
      },
    } satisfies NoticeBoard)

    const onNotice = (payload: string) => {
      const heard = understand(payload)
      if (!heard) app.log.debug({ bytes: payload.length }, 'notice not understood')
      else if (heard.instance !== instance) emit(heard.type, heard.notice)
    }
    void app.database.whenMigrated.then(() => transport.listen(onNotice, () => emit('notices.connected', {})))
    app.addHook('onClose', () => transport.close())
  },
  { name: 'plinth-notices', dependencies: ['plinth-config', 'plinth-database'], fastify: '5.x' },
)

/** Its client is loaded only where there is a Redis. */
async function redisTransport(url: string, { config, log }: FastifyInstance): Promise<NoticeTransport> {
  const { RedisTransport, redisChannel } = await import('./redis-transport.ts')
  return new RedisTransport(url, redisChannel(config), log)
}

/** Null for what no instance of this release says: whoever may connect to the database may write to the channel. */
function understand(payload: string): { instance: string; type: string; notice: unknown } | null {
  try {
    const { instance, type, notice } = Envelope.parse(JSON.parse(payload))
    const schema = Object.hasOwn(wire, type) ? wire[type as keyof typeof wire] : z.never()
    return { instance, type, notice: schema.parse(notice) }
  } catch {
    return null
  }
}
