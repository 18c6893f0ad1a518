import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { DriftSummary } from '../../../shared/drifts.ts'
import { TimeAgo } from '../page/time-ago.tsx'
import type { Attempt } from './decisions.ts'
import { SeverityMark, StatusMark } from './drift-marks.tsx'
import classes from './drift-table.module.css'

export const rowLinkId = (driftId: string) => `drift-${driftId}`

interface Props {
  drift: DriftSummary
  index: number
  attempt: Attempt | undefined
  measure: (row: HTMLTableRowElement | null) => void
  onFocus: () => void
  onTryAgain: (attempt: Attempt) => void
  onDiscard: () => void
}

export function DriftRow({ drift, index, attempt, measure, onFocus, onTryAgain, onDiscard }: Props) {
  const { id, resource, severity, status, detectedAt } = drift
  return (
    <tr
      ref={measure}
      data-index={index}
      aria-rowindex={index + 2}
      className={classes.row}
      data-pending={attempt?.state === 'sending' || undefined}
      onFocus={onFocus}
    >
      <th scope="row" className={classes.what}>
        <Link to="/drifts/$driftId" params={{ driftId: id }} id={rowLinkId(id)} className={classes.link}>
          {resource.id}
        </Link>
        <span className={classes.quiet}>
          {[resource.type, resource.provider, resource.region].filter(Boolean).join(' · ')}
        </span>
      </th>
      <td className={classes.severity}>
        <SeverityMark severity={severity} />
      </td>
      <td className={classes.status}>
        <StatusMark status={status} attempt={attempt} />
        {attempt?.state === 'refused' && (
          <span className={classes.refused}>
            <Button size="compact-xs" variant="default" onClick={() => onTryAgain(attempt)}>
              Try again
            </Button>
            <Button size="compact-xs" variant="subtle" onClick={onDiscard}>
              Discard
            </Button>
          </span>
        )}
      </td>
      <td className={classes.detected}>
        <TimeAgo at={detectedAt} />
      </td>
    </tr>
  )
}
