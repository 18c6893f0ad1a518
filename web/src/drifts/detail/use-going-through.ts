/** A drift as one of the list that its user goes through: where it is in it, and which is next. */
import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useStore } from '../../live/store.ts'
import { prefetchDrift } from '../drift-queries.ts'
import { useReview } from '../drift-review.tsx'
import { countWords, type DriftsSearch, filterWords } from '../drift-words.ts'

export function useGoingThrough(driftId: string, search: DriftsSearch) {
  const { list: store } = useReview()
  const { list } = useStore(store)
  const navigate = useNavigate()
  const place = list && store.placeOf(driftId)
  const next = list && store.neighbour(driftId, 1, false)
  const previous = list && store.neighbour(driftId, -1, false)
  useEffect(() => {
    if (next) prefetchDrift(next)
  }, [next])
  const loaded = list?.rows.length
  // biome-ignore lint/correctness/useExhaustiveDependencies: again once a page is loaded.
  useEffect(() => store.loadAround(driftId), [store, driftId, loaded])
  /** In the place of this one, so that Back leads to the list. */
  const open = (id: string) => void navigate({ to: '/drifts/$driftId', params: { driftId: id }, search, replace: true })
  return {
    /** Such as `3 of 57 critical`; null while the list is not loaded. */
    words:
      list && `${place === null ? '' : `${countWords(place)} of `}${countWords(list.total)} ${filterWords(search)}`,
    next,
    previous,
    open,
    /** After a decision: the next one that matches still. Without one, the list. */
    goOn() {
      const id = store.neighbour(driftId, 1, true)
      if (id) return open(id)
      store.lastOpenedId = null
      void navigate({ to: '/drifts', search, replace: true })
    },
  }
}
