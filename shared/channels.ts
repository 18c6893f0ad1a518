/** Live channels as the operator sees them, whatever they are of. */
import { z } from 'zod'
import { LastEventId } from './live.ts'
import { singleLine } from './text.ts'

/** Such as `draft:<id>`. */
export const GetChannel = z.object({ channel: singleLine(200) })
export const FollowChannel = GetChannel.extend({ lastEventId: LastEventId })
export type FollowChannel = z.infer<typeof FollowChannel>

/** Where a channel stands. */
export const Channel = z.object({
  id: z.string(),
  /** To follow it from now on. */
  cursor: z.string(),
  /** The number of its newest event. */
  head: z.int(),
  /** Up to this number they are not kept any more. */
  floor: z.int(),
})
export type Channel = z.infer<typeof Channel>

/** An event of any channel; what else it holds depends on its type. */
export interface ChannelEvent {
  readonly type: string
  readonly seq: number
  readonly at: string
  readonly actorId: string | null
  readonly [field: string]: unknown
}
