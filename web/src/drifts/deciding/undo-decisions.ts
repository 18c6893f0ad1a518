/** Ten seconds to undo the last decision, from its toast or by keyboard; the ones before it as long as theirs last. */
import { notifications } from '@mantine/notifications'
import { onPagesCleared } from '../../session/clear-pages.ts'
import { announce } from '../../toasts/announcer.tsx'
import { showFailure, showProblem, showUndo } from '../../toasts/toasts.tsx'
import { driftsWords } from '../drift-words.ts'
import { type Decisions, type Verdict, verdictStatus } from './decisions.ts'

interface Offered {
  toastId: string
  driftIds: readonly string[]
  undo: () => void
}

let offered: Offered[] = []

// Otherwise the next user could undo a decision of the previous one.
onPagesCleared(() => {
  offered = []
})

/** `onUndone`: with the first drift that is pending again. */
export function offerUndo(
  decisions: Decisions,
  driftIds: readonly string[],
  verdict: Verdict,
  onUndone: (driftId: string) => void,
) {
  const words = verdictStatus[verdict]
  const text =
    driftIds.length === 1 ? `${words[0]?.toUpperCase()}${words.slice(1)}` : `${driftsWords(driftIds.length)} ${words}`
  const undo = async () => {
    forget(toastId)
    try {
      const undone = await decisions.undo(driftIds)
      const left = driftIds.length - undone.length
      if (left > 0) showNotUndone(left)
      const [first] = undone
      if (first === undefined) return
      announce(`${driftsWords(undone.length)} to decide again.`)
      onUndone(first)
    } catch (error) {
      showFailure('Nothing was undone', error)
    }
  }
  // One at a time; Undo goes back through them.
  for (const { toastId } of offered) notifications.hide(toastId)
  const toastId = showUndo(
    text,
    () => void undo(),
    () => {},
  )
  offered = [...offered.slice(-19), { toastId, driftIds, undo: () => void undo() }]
}

/** The last decision. Nothing, when there is none. */
export const undoLast = () => offered.at(-1)?.undo()

function forget(toastId: string) {
  notifications.hide(toastId)
  offered = offered.filter((one) => one.toastId !== toastId)
}

const showNotUndone = (count: number) =>
  showProblem(
    `${driftsWords(count)} not undone`,
    'A decision can be undone for a minute, by the user who made it. Reopen the drift with a reason instead.',
    { code: 'NOT_UNDOABLE', requestId: null },
  )
