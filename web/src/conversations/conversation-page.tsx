/** One conversation: who is here and whether it can be seen; ConversationView shows it. */
import { Skeleton } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import type { Person } from '../../../shared/account.ts'
import { NotHere } from '../failure/not-here.tsx'
import { NotLoaded } from '../live/not-loaded.tsx'
import { useOutboxEntries } from '../offline/use-outbox.ts'
import { HeadingSkeleton } from '../page/heading-skeleton.tsx'
import { Page } from '../page/page.tsx'
import { useSession } from '../session/session.ts'
import { useTellFeed } from '../shell/status/feed-in-sight.ts'
import classes from './conversation-page.module.css'
import { ConversationView } from './conversation-view.tsx'
import { queuedIn } from './sending/queued.ts'
import { useConversation } from './use-conversation.ts'

const notHere = 'It may have been deleted, or it is not yours. Only its owner can see a conversation.'

export function ConversationPage() {
  const { conversationId } = useParams({ from: '/conversations/$conversationId' })
  const session = useSession()
  if (!('person' in session)) return <ConversationSkeleton />
  const { person } = session
  return (
    <FollowedConversation
      key={`${conversationId} ${person.id}`}
      conversationId={conversationId}
      me={person}
      isSignedIn={session.state === 'signed-in'}
    />
  )
}

interface Props {
  conversationId: string
  me: Person
  isSignedIn: boolean
}

function FollowedConversation({ conversationId, me, isSignedIn }: Props) {
  const now = useConversation(conversationId, me.id, isSignedIn)
  const { create } = queuedIn(useOutboxEntries(), conversationId)
  useTellFeed(now.feed)
  const { live, failure, messages } = now
  if (messages || create) return <ConversationView now={now} me={me} isSignedIn={isSignedIn} />
  if (failure && ['NOT_FOUND', 'VALIDATION_ERROR'].includes(failure.code))
    return <NotHere what="conversation" why={notHere} list="/conversations" />
  if (failure || !isSignedIn || now.feed === 'offline')
    return (
      <Page title="Conversation">
        <NotLoaded {...now} isSignedIn={isSignedIn} onRetry={live.messages.retry} />
      </Page>
    )
  return <ConversationSkeleton />
}

function ConversationSkeleton() {
  return (
    <Page title="Conversation" heading={<HeadingSkeleton text="Conversation" width="20rem" />}>
      <div className={`late ${classes.skeleton}`} role="status" aria-label="Loading the conversation">
        <Skeleton h="3rem" w="55%" radius="lg" ml="auto" />
        <Skeleton h="6rem" w="90%" />
        <Skeleton h="3rem" w="40%" radius="lg" ml="auto" />
      </div>
    </Page>
  )
}
