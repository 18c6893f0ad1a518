/** All conversations of this person, beside the one that is open or, on a narrow screen, alone. */
import { Button, Skeleton, VisuallyHidden } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Person } from '../../../shared/account.ts'
import { hasCapability } from '../../../shared/capabilities.ts'
import { LoadFailure } from '../failure/load-failure.tsx'
import { useFollowed } from '../live/followed.ts'
import { useOutboxEntries } from '../offline/use-outbox.ts'
import { showFailure } from '../toasts/toasts.tsx'
import { ConversationList } from './conversation-list.ts'
import { ConversationRow } from './conversation-row.tsx'
import classes from './conversations-page.module.css'
import { withQueued } from './queued.ts'

interface Props {
  me: Person
  isSignedIn: boolean
}

export function ConversationListPane({ me, isSignedIn }: Props) {
  const [list] = useState(() => new ConversationList(me.id))
  const { conversations, nextCursor, isLoadingMore, failure } = useFollowed(list, isSignedIn)
  const entries = useOutboxEntries()
  const mayWrite = isSignedIn && hasCapability(me.role, 'conversation:write')
  const shown = conversations || entries.length > 0 ? withQueued(conversations ?? [], entries) : null

  const loadMore = () => {
    list.loadMore().catch((error) => showFailure('More conversations could not be loaded', error))
  }

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
      {shown && shown.length > 0 && (
        <ul className={classes.list}>
          {shown.map(({ isPending, ...conversation }) => (
            <li key={conversation.id}>
              <ConversationRow conversation={conversation} isPending={isPending} />
            </li>
          ))}
        </ul>
      )}
      {conversations?.length === 0 && shown?.length === 0 && (
        <p className={classes.empty}>
          {mayWrite || !isSignedIn
            ? 'You have no conversations yet. Begin one, and find it here on all your devices.'
            : 'You have no conversations. Your role can read them, not begin one.'}
        </p>
      )}
      {!conversations &&
        (failure ? (
          <LoadFailure error={failure} isRetrying={false} onRetry={() => list.restart()} />
        ) : isSignedIn ? (
          <ListSkeleton />
        ) : (
          <p className={classes.empty}>The list was not loaded before your session ended. Sign in again to see it.</p>
        ))}
      {nextCursor !== null && (
        <Button variant="default" fullWidth loading={isLoadingMore} onClick={loadMore}>
          Show more conversations
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
