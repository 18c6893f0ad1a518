/** The figures of drift review, loaded again when something happens to drifts, at most every few seconds. */
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { queryClient } from '../plinth.ts'
import { summaryQuery } from './drift-queries.ts'
import { useReview } from './drift-review.tsx'

const refreshEveryMs = 5_000

export function useSummary(canLoad: boolean) {
  useRefresh()
  return useQuery({ ...summaryQuery, enabled: canLoad })
}

/** At once for the first event, then not before some seconds have passed. */
function useRefresh() {
  const review = useReview()
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isWanted = false
    const refresh = () => {
      isWanted = timer !== undefined
      if (isWanted) return
      void queryClient.invalidateQueries({ queryKey: summaryQuery.queryKey })
      timer = setTimeout(() => {
        timer = undefined
        if (isWanted) refresh()
      }, refreshEveryMs)
    }
    const stop = review.onNews(refresh)
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [review])
}
