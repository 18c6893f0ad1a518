/** A conversation to be: it comes to be with its first message, and nothing is stored before. */
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Person } from '../../../shared/account.ts'
import { hasCapability } from '../../../shared/capabilities.ts'
import foot from '../page/foot.module.css'
import { Page } from '../page/page.tsx'
import { useSession } from '../session/session.ts'
import { UnsentStore } from '../unsent/unsent-store.ts'
import classes from './conversation-page.module.css'
import { assistantQuery } from './conversation-queries.ts'
import { EmptyConversation } from './empty-conversation.tsx'
import { Composer } from './sending/composer.tsx'
import { queueConversation } from './sending/queue-changes.ts'

export function NewConversationPage() {
  const session = useSession()
  if (session.state === 'signed-in') return <FirstMessage key={session.person.id} me={session.person} />
  return (
    <Page title="New conversation">{session.state === 'ended' && <p>Sign in again to start a conversation.</p>}</Page>
  )
}

function FirstMessage({ me }: { me: Person }) {
  const navigate = useNavigate()
  const [unsent] = useState(() => new UnsentStore('conversation:new', me.id))
  const { data: assistant, isError } = useQuery(assistantQuery)
  if (!hasCapability(me.role, 'conversation:write'))
    return (
      <Page title="New conversation">
        <p>Your role can read conversations, but not start one. An administrator can change that.</p>
      </Page>
    )
  const send = (content: string) => {
    const conversationId = queueConversation(content)
    void navigate({ to: '/conversations/$conversationId', params: { conversationId }, replace: true })
  }
  return (
    <Page title="New conversation" heading={<span className={classes.title}>New conversation</span>}>
      <EmptyConversation hasAssistant={isError ? false : assistant?.available} canWrite />
      <div className={foot.foot}>
        <Composer unsent={unsent} takesFocus onSend={send} />
      </div>
    </Page>
  )
}
