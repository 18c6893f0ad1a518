/** The conversation from the oldest message that was loaded to its end; those before are loaded as somebody reads back. */
import { Button, Loader } from '@mantine/core'
import { memo, useCallback, useEffect, useLayoutEffect, useRef } from 'react'
import type { Message } from '../../../../shared/conversations.ts'
import { awaitsAnswer } from '../answer-state.ts'
import { messagesPerPage } from '../conversation-queries.ts'
import type { QueuedMessage } from '../sending/queued.ts'
import type { OpenConversation } from '../use-conversation.ts'
import { AnswerItem, UnansweredNote } from './answer-item.tsx'
import classes from './message.module.css'
import { MessageItem, QueuedItem } from './message-item.tsx'

interface Props {
  now: OpenConversation
  queued: QueuedMessage[]
  /** Of the message that a search has found, which is marked. */
  foundId: string | undefined
  canSend: boolean
  hasAssistant: boolean
}

export function MessageList({ now, queued, foundId, canSend, hasAssistant }: Props) {
  const { live, answer, isAsking, askFailure } = now
  const messages = now.messages ?? noMessages
  const waiting = queued.filter(({ input }) => !messages.some(({ id }) => id === input.messageId))
  const canAsk = canSend && hasAssistant
  const ask = () => live.ask()
  return (
    <>
      <Earlier now={now} firstId={messages[0]?.id} />
      <ol className={classes.list} aria-label="Messages">
        <Confirmed messages={messages} foundId={foundId} />
        {(answer || isAsking) && <AnswerItem answer={answer} canAsk={canAsk} onAsk={ask} />}
        {waiting.map((entry) => (
          <QueuedItem key={entry.input.messageId} entry={entry} canSend={canSend} />
        ))}
      </ol>
      {hasAssistant && waiting.length === 0 && awaitsAnswer(now, messages.at(-1)) && (
        <UnansweredNote failure={askFailure} canAsk={canAsk} onAsk={ask} />
      )}
    </>
  )
}

const noMessages: Message[] = []

/** Not drawn again for each piece of an answer. */
const Confirmed = memo(function Confirmed({ messages, foundId }: { messages: Message[]; foundId: string | undefined }) {
  return messages.map((message) => <MessageItem key={message.id} message={message} isFound={message.id === foundId} />)
})

/** Loads them as the top comes near. What is being read stays where it is. */
function Earlier({ now, firstId }: { now: OpenConversation; firstId?: string }) {
  const { live, messages, hasOlder, isLoadingMore, moreFailure } = now
  const sentinel = useRef<HTMLDivElement>(null)
  const kept = useRef<{ element: Element; top: number } | null>(null)
  const isLong = (messages?.length ?? 0) > messagesPerPage
  const load = useCallback(
    () =>
      live.messages.tryMoreAgain(() => {
        const element = sentinel.current?.nextElementSibling?.firstElementChild
        if (element) kept.current = { element, top: element.getBoundingClientRect().top }
      }),
    [live],
  )
  const isWaiting = hasOlder && !isLoadingMore && moreFailure === null

  useEffect(() => {
    if (!isWaiting || !sentinel.current) return
    const sight = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) load()
      },
      { rootMargin: '800px 0px 0px' },
    )
    sight.observe(sentinel.current)
    return () => sight.disconnect()
  }, [isWaiting, load])

  // biome-ignore lint/correctness/useExhaustiveDependencies: once earlier ones are there.
  useLayoutEffect(() => {
    if (!kept.current) return
    const { element, top } = kept.current
    scrollBy({ top: element.getBoundingClientRect().top - top, behavior: 'instant' })
    kept.current = null
  }, [firstId])

  return (
    <div ref={sentinel} className={classes.earlier} data-wanted={hasOlder || isLong || undefined}>
      {moreFailure && (
        <>
          <span>Earlier messages could not be loaded.</span>
          <Button size="xs" variant="default" onClick={load}>
            Try again
          </Button>
        </>
      )}
      {isLoadingMore && <Loader size="sm" aria-label="Loading earlier messages" />}
      {!hasOlder && isLong && 'This is the start of the conversation.'}
    </div>
  )
}
