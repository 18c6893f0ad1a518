/** Counts as figures, each with its numbers as a table, which is the whole of it for screen readers and on a phone. */
import { BarChart, DonutChart } from '@mantine/charts'
import { Anchor } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { DriftStatus, Severity } from '../../../shared/drifts.ts'
import { SeverityMark, StatusMark } from '../drifts/drift-marks.tsx'
import {
  countWords,
  type DriftsSearch,
  severities,
  severityNames,
  statuses,
  statusNames,
} from '../drifts/drift-words.ts'
import classes from './dashboard.module.css'
import { roundTicks } from './round-ticks.ts'

/** Its text is for all; a picture of it would only be said twice, and hold the focus on its way. */
export const unspoken = { accessibilityLayer: false, tabIndex: -1 }

export function PendingBySeverity({ counts }: { counts: Record<Severity, number> }) {
  return (
    <div className={classes.figure}>
      <div className={classes.chart} aria-hidden>
        <BarChart
          h={220}
          type="stacked"
          data={severities.map((severity) => ({ name: severityNames[severity], [severity]: counts[severity] }))}
          dataKey="name"
          series={severities.map((severity) => ({
            name: severity,
            label: severityNames[severity],
            color: `var(--${severity})`,
          }))}
          yAxisProps={{ width: 40, ...roundTicks(Math.max(...Object.values(counts))) }}
          withTooltip={false}
          maxBarWidth={56}
          barChartProps={unspoken}
          barProps={{ isAnimationActive: false, radius: [3, 3, 0, 0] }}
        />
      </div>
      <CountTable
        label="Pending by severity"
        of="Severity"
        rows={severities.map((severity) => ({
          key: severity,
          mark: <SeverityMark severity={severity} />,
          count: counts[severity],
          search: { status: 'pending', severity },
        }))}
      />
    </div>
  )
}

export function ByStatus({ counts }: { counts: Record<DriftStatus, number> }) {
  return (
    <div className={classes.figure}>
      <div className={classes.chart} aria-hidden>
        <DonutChart
          size={180}
          thickness={28}
          mx="auto"
          strokeColor="var(--surface)"
          strokeWidth={2}
          data={statuses.map((status) => ({
            name: statusNames[status],
            value: counts[status],
            color: `var(--${status})`,
          }))}
          chartLabel={`${countWords(counts.pending)} to decide`}
          withTooltip={false}
          accessibilityLayer={false}
          pieProps={{ isAnimationActive: false, rootTabIndex: -1 }}
        />
      </div>
      <CountTable
        label="By status"
        of="Status"
        rows={statuses.map((status) => ({
          key: status,
          mark: <StatusMark status={status} />,
          count: counts[status],
          search: { status },
        }))}
      />
    </div>
  )
}

interface CountRow {
  key: string
  mark: ReactNode
  count: number
  search: DriftsSearch
}

function CountTable({ label, of, rows }: { label: string; of: string; rows: CountRow[] }) {
  return (
    <table className={classes.table} aria-label={label}>
      <thead>
        <tr>
          <th scope="col">{of}</th>
          <th scope="col">Drifts</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, mark, count, search }) => (
          <tr key={key}>
            <th scope="row">
              <span className={classes.swatch} style={{ background: `var(--${key})` }} />
              {mark}
            </th>
            <td>
              <Anchor inherit renderRoot={(props) => <Link to="/drifts" search={search} {...props} />}>
                {countWords(count)}
              </Anchor>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
