/**
 * Where somebody reads in a text that grows at its end. At the end, the page keeps to it; anywhere else nothing moves, and
 * what came meanwhile is counted.
 */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'

/** So near to the end counts as being there: the page's own margin, and a line or two. */
const nearPx = 200

const isNearEnd = () => {
  const { scrollHeight } = document.documentElement
  return scrollHeight - innerHeight - scrollY < nearPx
}
const goToEnd = () => scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })

export function useReadingPlace(page: RefObject<HTMLElement | null>, lastPosition: number) {
  const isAtEnd = useRef(true)
  const [seen, setSeen] = useState(lastPosition)
  const latest = useRef(lastPosition)

  useLayoutEffect(() => {
    latest.current = lastPosition
    if (isAtEnd.current) setSeen(lastPosition)
  }, [lastPosition])

  useEffect(() => {
    const look = () => {
      isAtEnd.current = isNearEnd()
      if (isAtEnd.current) setSeen(latest.current)
    }
    const keepToEnd = () => {
      if (isAtEnd.current) goToEnd()
    }
    const sizes = new ResizeObserver(keepToEnd)
    if (page.current) sizes.observe(page.current)
    // After the router has put the page to its top.
    const opening = requestAnimationFrame(() => {
      isAtEnd.current = true
      goToEnd()
    })
    addEventListener('scroll', look, { passive: true })
    addEventListener('resize', keepToEnd)
    return () => {
      cancelAnimationFrame(opening)
      sizes.disconnect()
      removeEventListener('scroll', look)
      removeEventListener('resize', keepToEnd)
    }
  }, [page])

  /** For what the person has just written. */
  const followEnd = useCallback(() => {
    isAtEnd.current = true
    goToEnd()
  }, [])
  const markSeen = useCallback(() => setSeen(latest.current), [])
  return { seen, followEnd, markSeen }
}
