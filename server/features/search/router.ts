import { Search, SearchResults } from '../../../shared/search.ts'
import { ownReads } from '../../trpc.ts'
import { search } from './service.ts'

export const searchProcedure = ownReads
  .meta({
    // Four statements, of which each reads up to some hundred rows.
    price: 5,
    rest: {
      method: 'GET',
      path: '/api/v1/search',
      summary: 'Find what you may read by words of its title or text',
      errors: ['SCOPE_MISSING'],
    },
    mcp: {},
  })
  .input(Search)
  .output(SearchResults)
  .query(({ ctx, input }) => search(ctx.db, ctx.actor, input))
