import { LineChart } from '@mantine/charts'
import type { MetricsSummary } from '../../../shared/metrics.ts'
import { countWords } from '../drifts/drift-words.ts'
import { unspoken } from './counts.tsx'
import classes from './dashboard.module.css'
import { roundTicks } from './round-ticks.ts'

type Days = MetricsSummary['trend']

const lines = [
  { name: 'detected', label: 'Detected', color: 'var(--detected)', strokeDasharray: undefined },
  { name: 'approved', label: 'Approved', color: 'var(--approved)', strokeDasharray: '6 4' },
  { name: 'rejected', label: 'Rejected', color: 'var(--rejected)', strokeDasharray: '2 3' },
] as const

const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const dayWords = (day: string) => dayFormat.format(new Date(`${day}T00:00:00Z`))

export function Trend({ days }: { days: Days }) {
  const today = dayWords(days.at(-1)?.day ?? '')
  return (
    <>
      <p>{trendWords(days)}</p>
      <div className={classes.trend} aria-hidden>
        <LineChart
          h={260}
          data={days.map((day) => ({ ...day, day: dayWords(day.day) }))}
          dataKey="day"
          series={lines.map(({ name, label, color, strokeDasharray }) => ({
            name,
            label,
            color,
            ...(strokeDasharray && { strokeDasharray }),
          }))}
          curveType="linear"
          withDots={false}
          withLegend
          legendProps={{ verticalAlign: 'bottom' }}
          yAxisProps={{
            width: 40,
            ...roundTicks(Math.max(...days.flatMap((day) => lines.map(({ name }) => day[name])))),
          }}
          // The last day is not over, so a fall to it says nothing yet.
          referenceLines={[{ x: today, label: 'Today so far', labelPosition: 'insideTopRight', color: 'dimmed' }]}
          xAxisProps={{ minTickGap: 24 }}
          tooltipAnimationDuration={0}
          lineChartProps={unspoken}
          lineProps={{ isAnimationActive: false }}
        />
      </div>
      <details className={classes.days}>
        <summary>Day by day</summary>
        <table className={classes.table} aria-label="Day by day">
          <thead>
            <tr>
              <th scope="col">Day</th>
              {lines.map(({ name, label }) => (
                <th key={name} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {days.toReversed().map((day, place) => (
              <tr key={day.day}>
                <th scope="row">
                  <time dateTime={day.day}>{dayWords(day.day)}</time>
                  {place === 0 && ' (today so far)'}
                </th>
                {lines.map(({ name }) => (
                  <td key={name}>{countWords(day[name])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  )
}

function trendWords(days: Days): string {
  const sum = (name: 'detected' | 'approved' | 'rejected') =>
    countWords(days.reduce((total, day) => total + day[name], 0))
  return `${sum('detected')} detected, ${sum('approved')} approved, ${sum('rejected')} rejected.`
}
