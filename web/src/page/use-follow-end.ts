/**
 * Keeps a page that grows at its end at that end, for as long as its reader is there. A move upwards, however small, is theirs and
 * ends it; coming back to the end begins it again.
 */
import { type RefObject, useCallback, useEffect, useRef, useState } from 'react'

/** So near to the end counts as being there. */
const nearPx = 48

const toEndPx = () => document.documentElement.scrollHeight - innerHeight - scrollY
const goToEnd = () => scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })

/** `opensAtEnd`: false where the page opens at another place. */
export function useFollowEnd(page: RefObject<HTMLElement | null>, opensAtEnd = true) {
  const isFollowing = useRef(opensAtEnd)
  const [isAtEnd, setAtEnd] = useState(true)

  useEffect(() => {
    let before = { top: scrollY, height: document.documentElement.scrollHeight }
    const follow = (follows: boolean) => {
      isFollowing.current = follows
      setAtEnd(follows)
    }
    const look = () => {
      const now = { top: scrollY, height: document.documentElement.scrollHeight }
      // Becoming shorter moves a page upwards too.
      if (now.top < before.top - 1 && now.height >= before.height) follow(toEndPx() <= 1)
      else if (toEndPx() <= nearPx) follow(true)
      before = now
    }
    const keepToEnd = () => {
      if (isFollowing.current) goToEnd()
      else look()
    }
    const sizes = new ResizeObserver(keepToEnd)
    if (page.current) sizes.observe(page.current)
    // After the router has put the page to its top.
    isFollowing.current = opensAtEnd
    const opening = requestAnimationFrame(() => {
      if (!opensAtEnd) return
      follow(true)
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
  }, [page, opensAtEnd])

  /** Also for what the person has just written. */
  const followEnd = useCallback(() => {
    isFollowing.current = true
    setAtEnd(true)
    goToEnd()
  }, [])
  return { isAtEnd, followEnd }
}
