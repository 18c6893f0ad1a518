/** Channels as such, for the operator, whom no feature lets in or keeps out. Who listens in is recorded each time. */
import type { Channel, FollowChannel } from '../../../shared/channels.ts'
import { type Origin, recordAudit } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { cursorOf, readStates } from '../../platform/live/channel-store.ts'

/** Makes none, as following would. @throws AppError NOT_FOUND */
export async function getChannel(db: Database, { channel }: { channel: string }): Promise<Channel> {
  const state = (await readStates(db, [channel])).get(channel)
  if (!state) throw new AppError('NOT_FOUND')
  const { head, floor } = state
  return { id: channel, cursor: cursorOf(state), head, floor }
}

/** Before the first event is shown: what people write is theirs, and they may ask who read it. */
export async function recordFollowing(
  db: Database,
  origin: Origin,
  { channel, lastEventId }: FollowChannel,
): Promise<void> {
  await recordAudit(db, {
    ...origin,
    actorId: null,
    action: 'channels.follow',
    target: `channel:${channel}`,
    after: { from: lastEventId ?? null },
  })
}
