/** The list of conversations and the open one, side by side where there is room, one at a time where there is not. */
import { Button } from '@mantine/core'
import { IconArrowLeft } from '@tabler/icons-react'
import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { hasCapability } from '../../../shared/capabilities.ts'
import { LoadFailure } from '../failure/load-failure.tsx'
import { Page } from '../page/page.tsx'
import { LeadToSignIn } from '../session/lead-to-sign-in.ts'
import { useSession } from '../session/session.ts'
import classes from './conversations-page.module.css'
import { ConversationListPane } from './list/conversation-list-pane.tsx'

export function ConversationsPage() {
  const session = useSession()
  const isListAlone = useLocation().pathname.replace(/\/$/, '') === '/conversations'
  if (session.state === 'signed-out') return <LeadToSignIn />
  if (session.state === 'unreachable')
    return (
      <Page title="Conversations">
        <LoadFailure error={session.error} isRetrying={session.isFetching} onRetry={session.refetch} />
      </Page>
    )
  return (
    <div className={classes.panes} data-showing={isListAlone ? 'list' : 'conversation'}>
      {'person' in session ? (
        <ConversationListPane key={session.person.id} me={session.person} isSignedIn={session.state === 'signed-in'} />
      ) : (
        <div />
      )}
      <div className={classes.open}>
        {!isListAlone && (
          <div className={classes.back}>
            <Button
              size="compact-sm"
              variant="subtle"
              leftSection={<IconArrowLeft size="1rem" aria-hidden />}
              renderRoot={(props) => <Link to="/conversations" {...props} />}
            >
              All conversations
            </Button>
          </div>
        )}
        <Outlet />
      </div>
    </div>
  )
}

/** Where none is open. */
export function NoConversationOpen() {
  const session = useSession()
  const mayWrite = 'person' in session && hasCapability(session.person.role, 'conversation:write')
  return (
    <Page title="Conversations">
      <p className={classes.none}>
        {mayWrite ? 'Choose a conversation, or start a new one.' : 'Choose a conversation to read it.'} They are kept
        for you alone, on all your devices.
      </p>
    </Page>
  )
}
