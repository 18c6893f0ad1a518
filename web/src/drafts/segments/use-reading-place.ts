/** Where somebody reads in a draft: at its end, which the page keeps to, or before it, where what came meanwhile is counted. */
import { type RefObject, useCallback, useState } from 'react'
import { useFollowEnd } from '../../page/use-follow-end.ts'

export function useReadingPlace(page: RefObject<HTMLElement | null>, lastPosition: number) {
  const { isAtEnd, followEnd } = useFollowEnd(page)
  const [seen, setSeen] = useState(lastPosition)
  if (isAtEnd && seen !== lastPosition) setSeen(lastPosition)
  const markSeen = useCallback(() => setSeen(lastPosition), [lastPosition])
  return { seen, followEnd, markSeen }
}
