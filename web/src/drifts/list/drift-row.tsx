import { Button, Checkbox } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { DriftSummary } from '../../../../shared/drifts.ts'
import { TimeAgo } from '../../page/time-ago.tsx'
import type { Attempt } from '../deciding/decisions.ts'
import { SeverityMark, StatusMark } from '../drift-marks.tsx'
import type { DriftsSearch } from '../drift-words.ts'
import classes from './drift-table.module.css'

export const rowLinkId = (driftId: string) => `drift-${driftId}`

export const isRowFocused = (driftId: string) =>
  document.activeElement?.closest('tr')?.contains(document.getElementById(rowLinkId(driftId))) === true

interface Props {
  drift: DriftSummary
  /** Of the list, which the page of the drift goes on with. */
  search: DriftsSearch
  index: number
  attempt: Attempt | undefined
  isSelected: boolean
  canSelect: boolean
  measure: (row: HTMLTableRowElement | null) => void
  onFocus: () => void
  /** `isRange`: with all from the last one that was selected. */
  onSelect: (isRange: boolean) => void
  onTryAgain: (attempt: Attempt) => void
  onDiscard: () => void
}

export function DriftRow({ drift, search, index, attempt, isSelected, canSelect, ...acts }: Props) {
  const { id, resource, severity, status, detectedAt } = drift
  return (
    <tr
      ref={acts.measure}
      data-index={index}
      aria-rowindex={index + 2}
      className={classes.row}
      data-pending={attempt?.state === 'sending' || undefined}
      data-selected={isSelected || undefined}
      onFocus={acts.onFocus}
    >
      {canSelect && (
        <td className={classes.select}>
          <Checkbox
            aria-label={`Select ${resource.id}`}
            checked={isSelected}
            disabled={status !== 'pending'}
            onChange={({ nativeEvent }) => acts.onSelect('shiftKey' in nativeEvent && nativeEvent.shiftKey === true)}
          />
        </td>
      )}
      <td className={classes.severity}>
        <SeverityMark severity={severity} />
      </td>
      <th scope="row" className={classes.what}>
        <Link
          to="/drifts/$driftId"
          params={{ driftId: id }}
          search={search}
          id={rowLinkId(id)}
          className={classes.link}
        >
          {resource.id}
        </Link>
        <span className={classes.quiet}>
          {[resource.type, resource.provider, resource.region].filter(Boolean).join(' · ')}
        </span>
      </th>
      <td className={classes.status}>
        <StatusMark status={status} attempt={attempt} />
        {attempt?.state === 'refused' && (
          <span className={classes.refused}>
            <Button size="compact-xs" variant="default" onClick={() => acts.onTryAgain(attempt)}>
              Try again
            </Button>
            <Button size="compact-xs" variant="subtle" onClick={acts.onDiscard}>
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
