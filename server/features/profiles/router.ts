import { FoundProfiles, SearchProfiles } from '../../../shared/profiles.ts'
import { authedProcedure, router } from '../../trpc.ts'
import { searchProfiles } from './service.ts'

export const profilesRouter = router({
  search: authedProcedure
    .meta({
      // Against harvesting: at the default budget a user makes 60 searches a minute.
      price: 10,
      rest: {
        method: 'GET',
        path: '/api/v1/users/search',
        summary: 'Find users by how a username begins, or by display name',
      },
    })
    .input(SearchProfiles)
    .output(FoundProfiles)
    .query(({ ctx, input }) => searchProfiles(ctx.db, ctx.actor, input)),
})
