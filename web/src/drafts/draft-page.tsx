/** One draft: who is here and whether it can be seen; DraftView shows it. */
import { Skeleton } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import type { Person } from '../../../shared/account.ts'
import { LoadFailure } from '../failure/load-failure.tsx'
import { NotHere } from '../failure/not-here.tsx'
import { NotLoaded } from '../live/not-loaded.tsx'
import { HeadingSkeleton } from '../page/heading-skeleton.tsx'
import { Page } from '../page/page.tsx'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { LeadToSignIn } from '../session/lead-to-sign-in.ts'
import { useSession } from '../session/session.ts'
import { useTellFeed } from '../shell/status/feed-in-sight.ts'
import { DraftView } from './draft-view.tsx'
import { UnsentText } from './segments/unsent-text.tsx'
import { useDraft } from './use-draft.ts'

const notHere =
  'It may have been removed, or you are not a collaborator. Its owner can add you. If you were invited by mail, sign in with the address that the mail was sent to and confirm it.'

export function DraftPage() {
  const { draftId } = useParams({ from: '/drafts/$draftId' })
  const session = useSession()
  if (session.state === 'signed-out') return <LeadToSignIn />
  if (session.state === 'unreachable')
    return (
      <Page title="Draft">
        <LoadFailure error={session.error} isRetrying={session.isFetching} onRetry={session.refetch} />
      </Page>
    )
  if (session.state === 'loading') return <DraftSkeleton />
  const { person } = session
  return (
    <FollowedDraft
      key={`${draftId} ${person.id}`}
      draftId={draftId}
      me={person}
      isSignedIn={session.state === 'signed-in'}
    />
  )
}

function FollowedDraft({ draftId, me, isSignedIn }: { draftId: string; me: Person; isSignedIn: boolean }) {
  const now = useDraft(draftId, me, isSignedIn)
  useTellFeed(now.feed)
  if (now.draft) return <DraftView now={now} draft={now.draft} me={me} isSignedIn={isSignedIn} />
  if (now.failure && ['NOT_FOUND', 'VALIDATION_ERROR'].includes(now.failure.code))
    return (
      <NotHere what="draft" why={notHere} list="/drafts">
        <UnsentText unsent={now.live.unsent} />
      </NotHere>
    )
  if (now.failure || !isSignedIn || now.feed === 'offline')
    return (
      <Page title="Draft">
        <NotLoaded {...now} isSignedIn={isSignedIn} onRetry={now.live.segments.retry} />
      </Page>
    )
  return <DraftSkeleton />
}

function DraftSkeleton() {
  return (
    <Page title="Draft" heading={<HeadingSkeleton text="Draft" width="20rem" />}>
      <Skeleton className="late" h="2.25rem" w="min(24rem, 100%)" mb="lg" />
      <RowSkeletons count={3} label="Loading the draft" />
    </Page>
  )
}
