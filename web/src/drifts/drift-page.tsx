/** One drift: whether it can be seen, and what of it is known; DriftView shows it. */
import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useEffect } from 'react'
import { LoadFailure } from '../failure/load-failure.tsx'
import { Page } from '../page/page.tsx'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { LeadToSignIn } from '../session/lead-to-sign-in.ts'
import { useSession } from '../session/session.ts'
import { isMissing, useIsClosed } from './drift-frame.tsx'
import classes from './drift-page.module.css'
import { decisionQuery, driftQuery, reloadDrift } from './drift-queries.ts'
import { useReview } from './drift-review.tsx'
import { DriftView } from './drift-view.tsx'
import { useTellReview } from './use-tell-review.ts'

export function DriftPage() {
  const { driftId } = useParams({ from: '/drifts/$driftId' })
  const session = useSession()
  const review = useReview()
  const isSignedIn = session.state === 'signed-in'
  const drift = useQuery({ ...driftQuery(driftId), enabled: session.state !== 'ended' })
  const decision = useQuery({ ...decisionQuery(driftId), enabled: isSignedIn })
  useTellReview()
  // What happens to one drift reloads it by itself; after a gap anything may have happened to it.
  useEffect(() => review.onNews((news) => news === 'all' && reloadDrift(driftId)), [review, driftId])

  if (useIsClosed(drift.error)) return <LeadToSignIn andBack />
  if (drift.data && !isMissing(drift.error))
    return (
      <DriftView
        key={driftId}
        drift={drift.data}
        decision={decision.data}
        decisionFailure={decision.error}
        isRefreshing={drift.isFetching}
        onRefresh={() => reloadDrift(driftId)}
      />
    )
  if (drift.error && isMissing(drift.error)) return <NotHere />
  if (drift.error)
    return (
      <Page title="Drift">
        <LoadFailure error={drift.error} isRetrying={drift.isFetching} onRetry={() => void drift.refetch()} />
      </Page>
    )
  if (session.state === 'ended')
    return (
      <Page title="Drift">
        <p>This drift was not loaded before your session ended. Sign in again to see it.</p>
      </Page>
    )
  return <DriftSkeleton />
}

function NotHere() {
  return (
    <Page title="This drift is not here">
      <div className={classes.notHere}>
        <p>The link may be mistyped, or it was decided so long ago that it is not kept any more.</p>
        <Button renderRoot={(props) => <Link to="/drifts" {...props} />}>Go to drifts</Button>
      </div>
    </Page>
  )
}

function DriftSkeleton() {
  return (
    <Page
      title="Drift"
      isWide
      heading={
        <span className="late">
          <Skeleton component="span" display="block" h="2.25rem" w="min(24rem, 70vw)">
            Drift
          </Skeleton>
        </span>
      }
    >
      <RowSkeletons count={5} label="Loading the drift" />
    </Page>
  )
}
