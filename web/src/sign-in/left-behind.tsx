import { leftWords } from '../offline/entry-words.ts'
import { useIsDurable, useOutboxEntries } from '../offline/use-outbox.ts'
import classes from './entry-card.module.css'

/** Of whoever was signed in here last: what they wrote and nobody has sent. */
export function LeftBehind() {
  const { length } = useOutboxEntries()
  const isDurable = useIsDurable()
  if (length === 0) return null
  return <p className={classes.left}>{leftWords(length, isDurable)}</p>
}
