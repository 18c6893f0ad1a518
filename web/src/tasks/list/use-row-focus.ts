/**
 * Which row the keyboard stands on. When that row goes, done, deleted or by another device, the next one takes its place, and the
 * focus with it if the row had it; so somebody can go through a list without looking for the focus.
 */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { Task } from '../../../../shared/tasks.ts'

interface Options {
  rows: readonly Task[]
  hasMore: boolean
  list: RefObject<HTMLElement | null>
  /** To where a row will be that is not loaded. */
  scrollTo: (index: number) => void
  /** The focus was in the list, and there is no row any more. */
  onEmptied: () => void
}

export function useRowFocus({ rows, hasMore, list, scrollTo, onEmptied }: Options) {
  const [activeId, setActiveId] = useState<string | null>(null)
  const lastIndex = useRef(0)
  const hadFocus = useRef(false)
  /** To be focused as soon as it is there: a row by its task, or by its place while that is not loaded. */
  const wanted = useRef<{ taskId: string } | { index: number } | null>(null)
  const found = activeId === null ? -1 : rows.findIndex(({ id }) => id === activeId)
  const activeIndex = found === -1 ? Math.min(lastIndex.current, rows.length - 1) : found

  useEffect(() => {
    const look = ({ target }: FocusEvent | PointerEvent) => {
      hadFocus.current = list.current?.contains(target as Node) ?? false
    }
    document.addEventListener('focusin', look)
    document.addEventListener('pointerdown', look)
    return () => {
      document.removeEventListener('focusin', look)
      document.removeEventListener('pointerdown', look)
    }
  }, [list])

  const focusRow = useCallback(
    (index: number) => {
      const row = list.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)
      row?.querySelector<HTMLElement>('[data-task-link]')?.focus({ preventScroll: true })
      row?.scrollIntoView({ block: 'nearest' })
    },
    [list],
  )

  useLayoutEffect(() => {
    lastIndex.current = Math.max(0, activeIndex)
    const asked = wanted.current
    if (asked) {
      const index = 'taskId' in asked ? rows.findIndex(({ id }) => id === asked.taskId) : asked.index
      if (index === -1) return
      if (index >= rows.length && hasMore) return scrollTo(index)
      const place = Math.min(index, rows.length - 1)
      const id = rows[place]?.id ?? null
      if (id !== activeId) return setActiveId(id)
      wanted.current = null
      if (place >= 0) focusRow(place)
      return
    }
    const isLost = document.activeElement === null || document.activeElement === document.body
    if (!hadFocus.current || !isLost || (found !== -1 && activeId !== null)) return
    if (activeIndex === -1) {
      hadFocus.current = false
      return onEmptied()
    }
    const id = rows[activeIndex]?.id ?? null
    if (id !== activeId) setActiveId(id)
    wanted.current = { index: activeIndex }
  })

  /** By its place; one that is not loaded yet as soon as it is. */
  const goTo = useCallback(
    (index: number) => {
      const place = Math.max(0, index)
      wanted.current = { index: place }
      const id = rows[place]?.id
      if (id === undefined || id === activeId) setAsked((count) => count + 1)
      else setActiveId(id)
    },
    [rows, activeId],
  )
  const goToTask = useCallback((taskId: string) => {
    wanted.current = { taskId }
    setAsked((count) => count + 1)
  }, [])
  const [, setAsked] = useState(0)
  return { activeIndex, setActive: setActiveId, goTo, goToTask }
}
