/** All conversations of this person, beside the one that is open or, on a narrow screen, alone. */
import { Button, Skeleton, VisuallyHidden } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { Person } from '../../../../shared/account.ts'
import { hasCapability } from '../../../../shared/capabilities.ts'
import { loadFailureWords } from '../../failure/failure-words.ts'
import { NotLoaded } from '../../live/not-loaded.tsx'
import classes from '../conversations-page.module.css'
import { ConversationRow } from './conversation-row.tsx'
import { useConversations } from './use-conversations.ts'

interface Props {
  me: Person
  isSignedIn: boolean
}

export function ConversationListPane({ me, isSignedIn }: Props) {
  const conversations = useConversations(me.id, isSignedIn)
  const { live, shown, isLoadingMore, moreFailure } = conversations
  const mayWrite = isSignedIn && hasCapability(me.role, 'conversation:write')

  return (
    <nav className={classes.pane} aria-label="Conversations">
      {mayWrite && (
        <Button
          fullWidth
          leftSection={<IconPlus size="1rem" aria-hidden />}
          renderRoot={(props) => <Link to="/conversations/new" {...props} />}
        >
          New conversation
        </Button>
      )}
      {shown.rows.length > 0 && (
        <ul className={classes.list}>
          {shown.rows.map((conversation) => (
            <li key={conversation.id}>
              <ConversationRow conversation={conversation} isPending={shown.pending.has(conversation.id)} />
            </li>
          ))}
        </ul>
      )}
      {shown.isLoaded && shown.rows.length === 0 && (
        <p className={classes.empty}>
          {mayWrite || !isSignedIn
            ? 'No conversations yet. Start one, and find it here on all your devices.'
            : 'No conversations. Your role can read them, but not start one.'}
        </p>
      )}
      {!shown.isLoaded && (
        <div className={classes.empty}>
          <NotLoaded {...conversations} isSignedIn={isSignedIn} onRetry={live.retry}>
            <ListSkeleton />
          </NotLoaded>
        </div>
      )}
      {shown.hasMore && moreFailure && (
        <p className={classes.empty} role="alert">
          More conversations could not be loaded. {loadFailureWords(moreFailure).advice}
        </p>
      )}
      {shown.hasMore && (
        <Button variant="default" fullWidth loading={isLoadingMore} onClick={() => live.tryMoreAgain()}>
          {moreFailure ? 'Try again' : 'Show more conversations'}
        </Button>
      )}
    </nav>
  )
}

function ListSkeleton() {
  return (
    <div className="late">
      <VisuallyHidden>Loading conversations</VisuallyHidden>
      {[0, 1, 2, 3].map((place) => (
        <div key={place} className={classes.row} aria-hidden>
          <Skeleton h="1rem" w="70%" mb={8} />
          <Skeleton h="0.75rem" w="50%" />
        </div>
      ))}
    </div>
  )
}
