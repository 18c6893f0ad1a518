/** Ten seconds to take back what went out of sight. What is done again within them is taken back together. */
import { notifications } from '@mantine/notifications'
import { onPagesCleared } from '../session/clear-pages.ts'
import { showFailure, showUndo } from '../toasts/toasts.tsx'

interface Undoable {
  /** Only what is of one kind is taken back together. */
  kind: string
  words: (count: number) => string
  taskId: string
  undo: () => void
}

let offered: { toastId: string; kind: string; undoables: Undoable[] } | null = null
const listeners = new Set<(taskId: string) => void>()

// Otherwise the next user could undo a change of the previous one.
onPagesCleared(() => {
  offered = null
})

export function offerUndo(undoable: Undoable) {
  const earlier = offered?.kind === undoable.kind ? offered.undoables : []
  if (offered) notifications.hide(offered.toastId)
  const undoables = [...earlier, undoable]
  const toastId = showUndo(undoable.words(undoables.length), undoLast, () => {
    if (offered?.toastId === toastId) offered = null
  })
  offered = { toastId, kind: undoable.kind, undoables }
}

/** Nothing, when its time is over. */
export function undoLast() {
  if (!offered) return
  const { toastId, undoables } = offered
  offered = null
  notifications.hide(toastId)
  try {
    for (const { undo } of undoables.toReversed()) undo()
  } catch (error) {
    // They have signed out meanwhile.
    return showFailure('Nothing was taken back', error)
  }
  const [first] = undoables
  if (first) for (const listener of listeners) listener(first.taskId)
}

/** Calls back with the task that somebody wants back in sight. Returns how to stop. */
export const onUndone = (listener: (taskId: string) => void) => {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
