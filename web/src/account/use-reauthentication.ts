import { useState } from 'react'
import { errorCode } from '../../../client/plinth.ts'

/**
 * Has a change done again once the person has shown that it is them. `needs` is asked with the failure of a change; it opens
 * the dialog, and says whether it did.
 */
export function useReauthentication() {
  const [again, setAgain] = useState<(() => void) | null>(null)
  const [opened, setOpened] = useState(false)
  const needs = (error: unknown, doAgain: () => void): boolean => {
    if (errorCode(error) !== 'REAUTHENTICATION_REQUIRED') return false
    setAgain(() => doAgain)
    setOpened(true)
    return true
  }
  return {
    needs,
    dialog: {
      opened,
      onConfirmed: () => {
        setOpened(false)
        again?.()
      },
      onCancel: () => setOpened(false),
    },
  }
}
