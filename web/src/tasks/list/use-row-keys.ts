/** What the keys do in the list, listed for people in shell/shortcuts-dialog.tsx. */
import type { KeyboardEvent } from 'react'
import type { Task } from '../../../../shared/tasks.ts'
import type { RowActs } from './task-row.tsx'
import { usePageKeys } from './use-page-keys.ts'

interface Options {
  rows: readonly Task[]
  total: number
  canChange: boolean
  acts: RowActs
  goTo: (index: number) => void
  open: (taskId: string) => void
  activeIndex: number
}

export function useRowKeys({ rows, total, canChange, acts, goTo, open, activeIndex }: Options) {
  // From anywhere on the page but a field, into the list.
  const enter = () => goTo(Math.max(0, activeIndex))
  usePageKeys({ j: enter, k: enter })

  return (event: KeyboardEvent<HTMLElement>) => {
    const target = event.target as HTMLElement
    const index = Number(target.closest<HTMLElement>('[data-index]')?.dataset.index)
    const task = rows[index]
    if (!task || target.closest('[role="menu"]') || event.nativeEvent.isComposing) return
    const act = actFor(event, target, index, task)
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }

  function actFor(event: KeyboardEvent, target: HTMLElement, index: number, task: Task): (() => void) | null {
    const { key, altKey, shiftKey, ctrlKey, metaKey } = event
    if (ctrlKey || metaKey) return null
    if (altKey) {
      if (!canChange) return null
      if (key === 'ArrowUp') return () => acts.move(task.id, shiftKey ? 'top' : 'up')
      if (key === 'ArrowDown') return () => acts.move(task.id, shiftKey ? 'bottom' : 'down')
      return null
    }
    // Buttons and boxes have these keys themselves.
    const isOfControl = target.tagName !== 'A'
    switch (key) {
      case 'ArrowDown':
      case 'j':
        // From a button that opens a menu, the arrow opens it.
        return isOfMenu(target) && key === 'ArrowDown' ? null : () => goTo(Math.min(index + 1, total - 1))
      case 'ArrowUp':
      case 'k':
        return isOfMenu(target) && key === 'ArrowUp' ? null : () => goTo(index - 1)
      case 'Home':
        return () => goTo(0)
      case 'End':
        return () => goTo(total - 1)
      case 'Enter':
        return isOfMenu(target) || !isOfControl ? null : () => open(task.id)
      case ' ':
        return isOfControl || !canChange ? null : () => acts.setCompleted(task.id, !task.completed)
      case 'x':
        return canChange ? () => acts.setCompleted(task.id, !task.completed) : null
      case 'Delete':
      case 'Backspace':
        return canChange ? () => acts.remove(task.id) : null
      default:
        return null
    }
  }
}

const isOfMenu = (target: HTMLElement) => target.closest('[aria-haspopup="menu"]') !== null
