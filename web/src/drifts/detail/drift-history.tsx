/** What was done about a drift, the newest first. */
import type { DriftHistory } from '../../../../shared/drifts.ts'
import { Section } from '../../page/section.tsx'
import { TimeAgo } from '../../page/time-ago.tsx'
import { actionWords } from '../drift-words.ts'
import classes from './drift-page.module.css'

export function DriftHistoryList({ items }: Pick<DriftHistory, 'items'>) {
  if (items.length === 0) return null
  return (
    <Section title="History">
      <ol className={classes.history}>
        {items.map(({ id, action, at, by, reason }) => (
          <li key={id}>
            <span>
              <strong>{actionWords[action]}</strong>
              {by && ` by ${by.displayName}`} · <TimeAgo at={at} />
            </span>
            {reason && <span className={classes.said}>{reason}</span>}
          </li>
        ))}
      </ol>
    </Section>
  )
}
