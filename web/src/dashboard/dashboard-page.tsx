/** The figures of drift review. */
import '@mantine/core/styles/ColorSwatch.css'
import '@mantine/charts/styles.css'
import { Button, Skeleton, VisuallyHidden } from '@mantine/core'
import type { MetricsSummary } from '../../../shared/metrics.ts'
import { TabbedPage, useIsClosed } from '../drifts/drift-frame.tsx'
import { countWords } from '../drifts/drift-words.ts'
import { NoDriftsYet } from '../drifts/list/no-drifts-yet.tsx'
import { useSummary } from '../drifts/use-summary.ts'
import { useTellReview } from '../drifts/use-tell-review.ts'
import { LoadFailure } from '../failure/load-failure.tsx'
import { Section } from '../page/section.tsx'
import { LeadToSignIn } from '../session/lead-to-sign-in.ts'
import { useSession } from '../session/session.ts'
import { ByStatus, PendingBySeverity } from './counts.tsx'
import classes from './dashboard.module.css'
import { durationWords } from './duration-words.ts'
import { Trend } from './trend.tsx'

export function DashboardPage() {
  const session = useSession()
  const canLoad = session.state !== 'ended'
  const { data, error, isFetching, refetch } = useSummary(canLoad)
  useTellReview()

  if (useIsClosed(error)) return <LeadToSignIn />
  return (
    <TabbedPage tab="dashboard">
      {error && !data && <LoadFailure error={error} isRetrying={isFetching} onRetry={() => void refetch()} />}
      {!data &&
        !error &&
        (canLoad ? <FiguresSkeleton /> : <p>The figures were not loaded before your session ended.</p>)}
      {data?.total === 0 && (
        <Section title="No figures yet">
          <NoDriftsYet />
        </Section>
      )}
      {data && data.total > 0 && (
        <>
          {session.state === 'signed-out' && (
            <p className={classes.refresh}>
              <Button variant="default" loading={isFetching} onClick={() => void refetch()}>
                Refresh
              </Button>
            </p>
          )}
          <Figures summary={data} />
        </>
      )}
    </TabbedPage>
  )
}

function Figures({ summary }: { summary: MetricsSummary }) {
  const { total, byStatus, pendingBySeverity, meanSecondsToDecision, trend } = summary
  return (
    <div className={classes.grid}>
      <dl className={classes.facts}>
        <div>
          <dt>To decide</dt>
          <dd>{countWords(byStatus.pending)}</dd>
        </div>
        <div>
          <dt>Total</dt>
          <dd>{countWords(total)}</dd>
        </div>
        <div>
          <dt>Mean time to a decision, last {trend.length} days</dt>
          <dd>{meanSecondsToDecision === null ? 'No decisions' : durationWords(meanSecondsToDecision)}</dd>
        </div>
      </dl>
      <Section title="Pending by severity">
        <PendingBySeverity counts={pendingBySeverity} />
      </Section>
      <Section title="By status">
        <ByStatus counts={byStatus} />
      </Section>
      <div className={classes.whole}>
        <Section
          title={`Last ${trend.length} days`}
          about="What was detected, approved and rejected on each day, in UTC."
        >
          <Trend days={trend} />
        </Section>
      </div>
    </div>
  )
}

function FiguresSkeleton() {
  return (
    <div className={`late ${classes.grid}`}>
      <VisuallyHidden>Loading the figures</VisuallyHidden>
      <Skeleton className={classes.whole} h="5rem" />
      <Skeleton h="20rem" />
      <Skeleton h="20rem" />
      <Skeleton className={classes.whole} h="22rem" />
    </div>
  )
}
