/** On the sign-in page: unsent work that the last user left on this device, and how long it stays. */
import { useSyncExternalStore } from 'react'
import { useIsDurable, useOutboxEntries } from '../offline/use-outbox.ts'
import { plinth } from '../plinth.ts'
import classes from '../sign-in/entry-card.module.css'
import { deadlineOf, onLeftChange } from './left-behind.ts'
import { unsentOf } from './unsent-store.ts'

const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long' })

export function LeftBehindNote() {
  const entries = useOutboxEntries()
  const isDurable = useIsDurable()
  const words = useSyncExternalStore(onLeftChange, () => wordsFor(entries.length, isDurable))
  return words && <p className={classes.left}>{words}</p>
}

function wordsFor(entries: number, isDurable: boolean): string | null {
  const { lastId } = plinth.actingAs
  const count = lastId === null ? 0 : entries + unsentOf(lastId).length
  if (lastId === null || count === 0) return null
  const one = count === 1
  const what = one ? '1 change was not sent.' : `${count} changes were not sent.`
  if (!isDurable) return `${what} Sign in again as the same user before you close this page.`
  const { until, isChosen } = deadlineOf(lastId) ?? { until: null, isChosen: false }
  const by = until === null ? 'after a week' : `on ${day.format(until)}`
  const end = `${one ? 'It is' : 'They are'} deleted ${isChosen ? '' : 'when another user signs in, or '}${by}.`
  return `${what} Sign in here as the same user to continue. ${end}`
}
