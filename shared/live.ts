/** What the snapshots, events and polls of every live channel share. */
import { z } from 'zod'
import { Id } from './id.ts'
import { Instant } from './instant.ts'

/** Comes with a snapshot. */
export const LiveCursor = z.string().meta({
  description: 'Where the live channel stood when this was read: follow from here and nothing is missed or doubled',
  example: '5d0c4be91a37:12:3f9c2a71',
})

/** Comes with a stream or a poll: the cursor of what was applied last. */
export const LastEventId = z.string().max(64).optional()

/** Beside `type` in every event. */
export const happened = { seq: z.int(), at: Instant, actorId: Id.nullable() }

/** For clients that can hold no stream open. `resync`: the cursor is of no use any more; fetch the snapshot anew, go on from its cursor. */
export function eventsOf<Event extends z.ZodType>(event: Event) {
  return z.object({ events: z.array(event), cursor: z.string(), resync: z.boolean() })
}
