/** Moving a row with a mouse: where it would be put, and putting it there. Keys and the menu of each row do the same. */
import { type DragEvent, type RefObject, useCallback, useRef, useState } from 'react'
import type { Task } from '../../../../shared/tasks.ts'

interface Target {
  index: number
  side: 'before' | 'after'
}

export function useDragging(
  latest: RefObject<{ rows: readonly Task[] }>,
  /** Null for the top. */
  put: (taskId: string, after: string | null) => void,
) {
  const dragged = useRef<string | null>(null)
  const [at, setAt] = useState<Target | null>(null)

  const start = useCallback((taskId: string, event: DragEvent) => {
    dragged.current = taskId
    event.dataTransfer.effectAllowed = 'move'
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]')
    if (row) event.dataTransfer.setDragImage(row, 16, 24)
  }, [])
  const end = useCallback(() => {
    dragged.current = null
    setAt(null)
  }, [])

  const over = (event: DragEvent) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]')
    if (dragged.current === null || !row) return
    event.preventDefault()
    const { top, height } = row.getBoundingClientRect()
    const side = event.clientY < top + height / 2 ? 'before' : 'after'
    const index = Number(row.dataset.index)
    if (at?.index !== index || at.side !== side) setAt({ index, side })
  }
  const leave = (event: DragEvent) => {
    if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setAt(null)
  }
  const drop = (event: DragEvent) => {
    const taskId = dragged.current
    event.preventDefault()
    end()
    if (taskId === null || !at) return
    const ids = latest.current.rows.map(({ id }) => id)
    const place = at.side === 'before' ? at.index : at.index + 1
    const above = ids.slice(0, place).findLast((id) => id !== taskId)
    const isThere = ids[place] === taskId || ids[place - 1] === taskId
    if (!isThere) put(taskId, above ?? null)
  }
  return { at, start, end, over, leave, drop }
}
