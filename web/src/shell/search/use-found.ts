/** What search finds for a text that is being typed. */
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { SearchHit } from '../../../../shared/search.ts'
import { trpc } from '../../plinth.ts'
import { stillFits } from './found.ts'

const pauseMs = 150

export interface Found {
  hits: SearchHit[]
  /** The response to this very text is not there yet. */
  isSearching: boolean
  error: unknown
  retry: () => void
}

/** Without a text, what was recent. While a response is waited for, what was found before and still fits. */
export function useFound(text: string, isSignedIn: boolean): Found {
  const [settled] = useDebouncedValue(text, pauseMs)
  const asked = text === '' ? '' : settled
  const { data, error, isFetching, isPlaceholderData, refetch } = useQuery(
    trpc.search.queryOptions(asked === '' ? {} : { text: asked }, {
      enabled: isSignedIn,
      placeholderData: keepPreviousData,
      staleTime: 5_000,
      retry: false,
      // A response to an earlier text is not waited for.
      trpc: { abortOnUnmount: true },
    }),
  )
  const isOld = isPlaceholderData || asked !== text
  const items = isSignedIn ? (data?.items ?? []) : []
  return {
    hits: isOld && text !== '' ? items.filter((hit) => stillFits(hit, text)) : items,
    isSearching: isSignedIn && (isOld || (isFetching && data === undefined)),
    error: isOld || isFetching ? null : error,
    retry: () => void refetch(),
  }
}
