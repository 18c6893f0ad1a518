import { Channel, type ChannelEvent, FollowChannel, GetChannel } from '../../../shared/channels.ts'
import { followChannel } from '../../platform/live/follow.ts'
import { operatorProcedure, router } from '../../trpc.ts'
import { getChannel, recordFollowing } from './service.ts'

export const channelsRouter = router({
  get: operatorProcedure
    .input(GetChannel)
    .output(Channel)
    .query(({ ctx, input }) => getChannel(ctx.db, input)),
  onEvent: operatorProcedure.input(FollowChannel).subscription(async function* ({ ctx, input, signal }) {
    const { id } = await getChannel(ctx.db, input)
    await recordFollowing(ctx.db, ctx.origin, input)
    const { lastEventId } = input
    yield* followChannel<ChannelEvent>(ctx.live, id, { lastEventId, handsOver: ctx.handsOver, signal, userId: null })
  }),
})
