/** One drift: whether it can be seen, and what of it is known; DriftView shows it. */
import { useQuery } from '@tanstack/react-query'
import { useParams, useSearch } from '@tanstack/react-router'
import { useEffect } from 'react'
import { LoadFailure } from '../../failure/load-failure.tsx'
import { NotHere } from '../../failure/not-here.tsx'
import { HeadingSkeleton } from '../../page/heading-skeleton.tsx'
import { Page } from '../../page/page.tsx'
import { RowSkeletons } from '../../page/row-skeletons.tsx'
import { LeadToSignIn } from '../../session/lead-to-sign-in.ts'
import { useSession } from '../../session/session.ts'
import { isMissing, useIsClosed } from '../drift-frame.tsx'
import { decisionQuery, driftQuery, historyQuery, reloadDrift } from '../drift-queries.ts'
import { useReview } from '../drift-review.tsx'
import { useTellReview } from '../use-tell-review.ts'
import { DriftView } from './drift-view.tsx'

const notHere = 'The link may be mistyped, or the drift was decided so long ago that it was deleted.'

export function DriftPage() {
  const { driftId } = useParams({ from: '/drifts/$driftId' })
  const search = useSearch({ from: '/drifts/$driftId' })
  const session = useSession()
  const review = useReview()
  const isSignedIn = session.state === 'signed-in'
  const drift = useQuery({ ...driftQuery(driftId), enabled: session.state !== 'ended' })
  const decision = useQuery({ ...decisionQuery(driftId), enabled: isSignedIn })
  const history = useQuery({ ...historyQuery(driftId), enabled: isSignedIn })
  const { list } = review
  useEffect(() => {
    list.lastOpenedId = driftId
    if (session.state !== 'ended') list.show(search)
  }, [list, driftId, search, session.state])
  // It was loaded before this visitor signed in, without its states.
  const isForAnyone = isSignedIn && drift.data !== undefined && drift.data.expected === undefined
  useEffect(() => {
    if (isForAnyone) reloadDrift(driftId)
  }, [isForAnyone, driftId])
  useTellReview()
  // An event about the drift reloads it; after a gap anything may have happened to it.
  useEffect(() => review.onNews((news) => news === 'all' && reloadDrift(driftId)), [review, driftId])

  if (useIsClosed(drift.error)) return <LeadToSignIn />
  if (drift.data && !isMissing(drift.error))
    return (
      <DriftView
        key={driftId}
        drift={drift.data}
        decision={decision.data}
        decisionFailure={decision.error}
        history={history.data?.items ?? []}
        search={search}
        isRefreshing={drift.isFetching}
        onRefresh={() => reloadDrift(driftId)}
      />
    )
  if (drift.error && isMissing(drift.error)) return <NotHere what="drift" why={notHere} list="/drifts" />
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

function DriftSkeleton() {
  return (
    <Page title="Drift" isWide heading={<HeadingSkeleton text="Drift" width="24rem" />}>
      <RowSkeletons count={5} label="Loading the drift" />
    </Page>
  )
}
