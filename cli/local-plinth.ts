/**
 * Plinth in this process, as one more instance that listens nowhere: the operator's calls go through the same procedures as
 * everybody's, so they are checked and recorded alike, and the other instances hear of them.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { TrackedEnvelope } from '@trpc/server'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { type Config, plinth, serverOptions } from '../server/app.ts'
import { createContext } from '../server/context.ts'
import { newId } from '../server/platform/db/columns.ts'
import { SchemaAhead } from '../server/platform/db/migrations.ts'
import { toAppError } from '../server/platform/errors/app-error.ts'
import { operator, operatorIp } from '../server/platform/identity/operator.ts'
import type { LiveMessage } from '../server/platform/live/follow.ts'
import { appRouter } from '../server/router.ts'
import type { ChannelEvent } from '../shared/channels.ts'
import { exitCodes, Refusal } from './command.ts'
import type { Following, OpenPlinth } from './open-plinth.ts'

const againMs = 1000
const lookEveryMs = 20

/**
 * The database gets longer than a Postgres that is just restarting takes, or an embedded one that is made.
 * @throws FolderInUse, NotADatabaseFolder, SchemaAhead, Refusal when it does not answer
 */
export async function openLocalPlinth(config: Config, databaseWithinMs = 30_000): Promise<OpenPlinth> {
  const options = serverOptions(config)
  // What goes wrong is said in a sentence; lines of a log are for machines.
  const root = Fastify({ ...options, logger: { ...(options.logger as object), level: 'silent' } })
  let inside: FastifyInstance | undefined
  try {
    await root.register(plinth, {
      config,
      page: async (scope) => {
        inside = scope
      },
    })
    await root.ready()
  } catch (error) {
    await root.close()
    throw error
  }
  const app = inside as FastifyInstance
  const { database } = app
  for (const deadline = performance.now() + databaseWithinMs; database.state !== 'ready'; await delay(lookEveryMs)) {
    const isAhead = database.state === 'schema-ahead'
    if (!isAhead && performance.now() < deadline) continue
    await root.close()
    if (isAhead) throw new SchemaAhead()
    throw new Refusal('The database does not answer. `plinth doctor` says why.', exitCodes.unavailable)
  }
  const context = operatorContext(app)
  return {
    call: appRouter.createCaller(context),
    isAlone: app.database.kind === 'pglite',
    follow: (following, signal) => follow(context, following, signal),
    close: () => root.close(),
  }
}

/** As a request that presents nothing, and whose sender is known all the same. */
export function operatorContext(app: FastifyInstance) {
  const headers = {}
  const request = { raw: { headers, rawHeaders: [] }, headers, query: {}, ip: operatorIp, id: newId(), log: app.log }
  return {
    ...createContext(app, request as unknown as FastifyRequest, null),
    resolve: async () => ({ kind: 'signed-in', actor: operator }) as const,
    // There is no socket for the hub to write to.
    handsOver: false,
  }
}

async function follow(
  context: ReturnType<typeof operatorContext>,
  { channel, after, onEvent, onResync, onLive }: Following,
  signal: AbortSignal,
): Promise<void> {
  const { channels } = appRouter.createCaller(context, { signal })
  let lastEventId = after
  while (!signal.aborted) {
    try {
      for await (const tracked of await channels.onEvent({ channel, lastEventId })) {
        // The type is of what a client is given; here it has not been on a wire.
        const [cursor, message] = tracked as unknown as TrackedEnvelope<LiveMessage<ChannelEvent>>
        lastEventId = cursor
        if (message.type === 'ready') onLive(true)
        else if (message.type === 'resync') onResync(cursor)
        else onEvent(message as ChannelEvent, cursor)
      }
    } catch (error) {
      if (signal.aborted) return
      const { status } = toAppError(error)
      if (status !== 503) throw error
      onLive(false)
      await delay(againMs, undefined, { signal }).catch(() => {})
    }
  }
}
