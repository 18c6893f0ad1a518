/** Where somebody reads further down in the list, what comes and goes above them moves nothing in sight. */
import type { Virtualizer } from '@tanstack/react-virtual'
import { type RefObject, useLayoutEffect, useRef } from 'react'
import type { Task } from '../../../../shared/tasks.ts'

/** It lies over the page. */
export const headerPx = 56

export function useKeepPlace(
  list: RefObject<HTMLElement | null>,
  rows: readonly Task[],
  virtualizer: Virtualizer<Window, HTMLLIElement>,
) {
  const before = useRef<{ key: unknown; start: number }[]>([])
  const { scrollMargin } = virtualizer.options

  // biome-ignore lint/correctness/useExhaustiveDependencies: once the rows have changed.
  useLayoutEffect(() => {
    const top = scrollY + headerPx
    if (top <= scrollMargin) return
    for (const { key, start } of before.current) {
      if (start < top) continue
      const index = rows.findIndex(({ id }) => id === key)
      const now = index === -1 ? undefined : virtualizer.measurementsCache[index]?.start
      if (now === undefined) continue
      if (now !== start) stayStill(list.current, now - start)
      return
    }
  }, [rows])
  useLayoutEffect(() => {
    before.current = virtualizer.getVirtualItems().map(({ key, start }) => ({ key, start }))
  })
}

/** Rows glide to their new places; where the page goes with them, they must not. */
function stayStill(list: HTMLElement | null, byPx: number) {
  list?.setAttribute('data-still', '')
  scrollBy({ top: byPx, behavior: 'instant' })
  requestAnimationFrame(() => requestAnimationFrame(() => list?.removeAttribute('data-still')))
}
