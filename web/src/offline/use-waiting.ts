/**
 * How much waits to be sent, for the status bar: at once while there is trouble, and otherwise when it takes longer than it should. An entry
 * counts once it is stored, since a user may close the page on reading the number.
 */
import { useEffect, useState } from 'react'
import { useIsDurable, useOutboxEntries } from './use-outbox.ts'

const soonMs = 5000

export function useWaiting(hasTrouble: boolean) {
  const entries = useOutboxEntries()
  const isDurable = useIsDurable()
  const waiting = entries.filter(({ state }) => state === 'queued' || state === 'sending')
  const first = waiting[0]?.id
  const [late, setLate] = useState<string>()

  useEffect(() => {
    if (!first) return
    const timer = setTimeout(() => setLate(first), soonMs)
    return () => clearTimeout(timer)
  }, [first])

  return {
    waiting: hasTrouble || (first !== undefined && late === first) ? waiting.length : 0,
    refused: entries.filter(({ state }) => state === 'refused').length,
    /** It ends with this page. */
    isFleeting: waiting.length > 0 && !isDurable,
  }
}
