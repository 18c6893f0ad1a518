/** How many tasks have come in at the top since somebody last saw it; what came is counted instead of shown by a jump. */
import type { Virtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useRef } from 'react'
import type { Task } from '../../../../shared/tasks.ts'
import { headerPx } from './use-keep-place.ts'

export function useArrivals(rows: readonly Task[], virtualizer: Virtualizer<Window, HTMLLIElement>): number {
  const top = useRef<string | null>(null)
  const isInSight = (virtualizer.scrollOffset ?? 0) + headerPx <= virtualizer.options.scrollMargin
  useLayoutEffect(() => {
    if (isInSight || top.current === null) top.current = rows[0]?.id ?? null
  }, [isInSight, rows])
  if (isInSight) return 0
  // When that one is gone or has moved, nothing is known to be new.
  const known = rows.slice(0, 100).findIndex(({ id }) => id === top.current)
  return Math.max(0, known)
}
