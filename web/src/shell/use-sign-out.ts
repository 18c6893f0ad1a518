import { outbox } from '../offline/outbox.ts'
import { plinth } from '../plinth.ts'
import { showFailure } from '../toasts/toasts.tsx'
import { unsentOf } from '../unsent/unsent-store.ts'
import { useLeave } from '../unsent/use-leave.ts'

/** A recent change is usually sent within this time. */
const momentMs = 1000
/** Longer than search takes to close. */
const focusReturnsWithinMs = 1000
const frameMs = 16

/** Signs out, or opens the dialog about unsent work if there is any. */
export function useSignOut(ask: () => void) {
  const leave = useLeave()
  return async () => {
    await Promise.all([aMomentToSend(), focusReturned()])
    const { id } = plinth.actingAs
    if (outbox.entries.length > 0 || (id !== null && unsentOf(id).length > 0)) return ask()
    try {
      await leave(null)
    } catch (error) {
      showFailure('You are still signed in', error)
    }
  }
}

/** Search returns the focus when it has closed, and a dialog returns it to the element that has it when the dialog opens. */
async function focusReturned(): Promise<void> {
  const isReturned = () =>
    document.activeElement?.closest('body, [role=menu], [role=dialog]') === document.body &&
    document.activeElement !== document.body
  const deadline = performance.now() + focusReturnsWithinMs
  // A timer, because a tab that the user has left gets no animation frames.
  while (!isReturned() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, frameMs))
}

async function aMomentToSend(): Promise<void> {
  const isUnderWay = () => navigator.onLine && outbox.entries.some(({ state }) => state !== 'refused')
  if (!isUnderWay()) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, momentMs)
  const stop = outbox.onChange(() => isUnderWay() || resolve())
  await promise
  clearTimeout(timer)
  stop()
}
