/** A conversation that is loaded, or that only waits to be sent: its messages, and the place to write the next one. */
import { Button } from '@mantine/core'
import { IconArrowDown } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import type { Person } from '../../../shared/account.ts'
import { hasCapability } from '../../../shared/capabilities.ts'
import { RefusedCall } from '../offline/refused-call.tsx'
import { useOutboxEntries } from '../offline/use-outbox.ts'
import foot from '../page/foot.module.css'
import { Page } from '../page/page.tsx'
import { useFollowEnd } from '../page/use-follow-end.ts'
import { showFailure } from '../toasts/toasts.tsx'
import { UnsentStore } from '../unsent/unsent-store.ts'
import { isUnderWay } from './answer-state.ts'
import { ConversationHeader } from './conversation-header.tsx'
import classes from './conversation-page.module.css'
import { assistantQuery, begunHere } from './conversation-queries.ts'
import { EmptyConversation } from './empty-conversation.tsx'
import { FoundMessageNote, useFoundMessage } from './messages/found-message.tsx'
import { MessageList } from './messages/message-list.tsx'
import { Composer } from './sending/composer.tsx'
import { queueMessage } from './sending/queue-changes.ts'
import { queuedIn, shownTitle } from './sending/queued.ts'
import type { OpenConversation } from './use-conversation.ts'

interface Props {
  now: OpenConversation
  me: Person
  isSignedIn: boolean
}

export function ConversationView({ now, me, isSignedIn }: Props) {
  const { live, messages, answer, isDeleted, isStopping } = now
  const body = useRef<HTMLDivElement>(null)
  const [unsent] = useState(() => new UnsentStore(`conversation:${live.id}`, me.id))
  const { data: assistant } = useQuery({ ...assistantQuery, enabled: isSignedIn })
  const queued = queuedIn(useOutboxEntries(), live.id)
  const [isBegunHere] = useState(() => begunHere.delete(live.id))
  const { message: foundId } = useSearch({ from: '/conversations/$conversationId' })
  const { isAtEnd, followEnd } = useFollowEnd(body, foundId === undefined)
  const search = useFoundMessage(now, foundId)
  const answerLength = answer?.content.length ?? 0
  const isNewBelow = useNewBelow(isAtEnd, `${messages?.at(-1)?.id} ${answerLength}`)
  const readOnly = whyReadOnly({
    isDeleted,
    isSignedIn,
    mayWrite: hasCapability(me.role, 'conversation:write'),
  })
  const canSend = readOnly === null
  const title = shownTitle(now.conversation?.title ?? null, queued)
  const isEmpty = messages?.length === 0 && queued.appends.length === 0 && !answer

  const stop = () => {
    live.stopAnswer().catch((error) => showFailure('The answer was not stopped', error))
  }

  return (
    <Page title={title} heading={<span className={classes.title}>{title}</span>}>
      <div ref={body}>
        <ConversationHeader now={now} queued={queued} title={title} canChange={canSend} />
        {(['create', 'rename'] as const).map((what) => (
          <RefusedCall key={what} entry={queued[what]} canSend={canSend} role="alert">
            <p>
              The conversation was not {what}d. {queued[what]?.refusal?.message}
            </p>
          </RefusedCall>
        ))}
        {isEmpty && <EmptyConversation hasAssistant={assistant?.available} canWrite={canSend} />}
        <FoundMessageNote state={search} />
        <MessageList
          now={now}
          queued={queued.appends}
          foundId={foundId}
          canSend={canSend}
          hasAssistant={assistant?.available ?? false}
        />
      </div>
      <div className={foot.foot}>
        {isNewBelow && (
          <div className={foot.arrived}>
            <Button size="xs" radius="xl" leftSection={<IconArrowDown size="1rem" aria-hidden />} onClick={followEnd}>
              New text below
            </Button>
          </div>
        )}
        {readOnly === null ? (
          <Composer
            unsent={unsent}
            takesFocus={isBegunHere}
            answering={isUnderWay(answer) ? { isStopping, onStop: stop } : null}
            onSend={(content) => {
              queueMessage(live.id, content)
              requestAnimationFrame(followEnd)
            }}
          />
        ) : (
          <p className={classes.readOnly} role="note">
            {readOnly}
          </p>
        )}
      </div>
    </Page>
  )
}

/** Since the reader left the end. */
function useNewBelow(isAtEnd: boolean, end: string): boolean {
  const [seen, setSeen] = useState(end)
  if (isAtEnd && seen !== end) setSeen(end)
  return !isAtEnd && seen !== end
}

interface Circumstances {
  isDeleted: boolean
  isSignedIn: boolean
  mayWrite: boolean
}

function whyReadOnly({ isDeleted, isSignedIn, mayWrite }: Circumstances): string | null {
  if (!isSignedIn) return 'You can read what was loaded. Sign in again to write.'
  if (isDeleted) return 'This conversation was deleted. What was loaded stays readable until you leave the page.'
  if (!mayWrite) return 'Your role can read conversations, but not write in them. An administrator can change that.'
  return null
}
