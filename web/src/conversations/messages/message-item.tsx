/** One message. Whose it is shows by words, sign and side; what is on its way is dimmed, with a clock. */
import { IconAlertCircle, IconClock, IconPlayerStop, IconSparkles } from '@tabler/icons-react'
import { memo, type ReactNode } from 'react'
import type { Message, MessageRole } from '../../../../shared/conversations.ts'
import { RefusedCall } from '../../offline/refused-call.tsx'
import { ShortTime } from '../../page/time-ago.tsx'
import type { QueuedMessage } from '../sending/queued.ts'
import { CopySource } from './code-block.tsx'
import { MarkdownText } from './markdown-text.tsx'
import classes from './message.module.css'
import { MessageText } from './message-text.tsx'

interface FrameProps {
  id: string
  /** Whose it is. */
  from: MessageRole
  /** Beside the name. */
  aside: ReactNode
  isFound?: boolean
  status?: 'writing' | 'queued' | 'sending' | 'refused' | 'answering' | 'failed'
  children: ReactNode
  /** What is to be said of it, below. */
  note?: ReactNode
}

export const messageElementId = (id: string) => `message-${id}`

export function MessageFrame({ id, from, aside, isFound = false, status, children, note }: FrameProps) {
  return (
    <li
      id={messageElementId(id)}
      tabIndex={-1}
      className={classes.message}
      data-role={from}
      data-status={status}
      data-found={isFound || undefined}
      aria-current={isFound || undefined}
    >
      <div className={classes.byline}>
        {from === 'assistant' && <IconSparkles className={classes.sign} size="1.125rem" stroke={1.5} aria-hidden />}
        <span className={classes.author}>{from === 'user' ? 'You' : 'Assistant'}</span>
        {aside}
      </div>
      {children && <div className={classes.body}>{children}</div>}
      {note}
    </li>
  )
}

export const MessageItem = memo(function MessageItem({ message, isFound }: { message: Message; isFound: boolean }) {
  const { id, role, content, stopped, createdAt } = message
  return (
    <MessageFrame
      id={id}
      from={role}
      isFound={isFound}
      aside={
        <>
          <span className={classes.when}>
            <ShortTime at={createdAt} />
          </span>
          {role === 'assistant' && <CopySource text={content} label="Copy answer" className={classes.when} />}
        </>
      }
      note={
        stopped && (
          <p className={classes.note}>
            <IconPlayerStop size="0.875rem" aria-hidden /> You stopped this answer.
          </p>
        )
      }
    >
      {role === 'assistant' ? <MarkdownText text={content} /> : <MessageText text={content} />}
    </MessageFrame>
  )
})

const statusWords = {
  writing: 'Waiting to be sent',
  queued: 'Waiting to be sent',
  sending: 'Sending',
  refused: 'Not sent',
}

export const QueuedItem = memo(function QueuedItem({ entry, canSend }: { entry: QueuedMessage; canSend: boolean }) {
  const { input, state } = entry
  const StatusIcon = state === 'refused' ? IconAlertCircle : IconClock
  return (
    <MessageFrame
      id={input.messageId}
      from="user"
      status={state}
      aside={
        <span className={classes.status}>
          <StatusIcon size="0.875rem" aria-hidden /> {statusWords[state]}
        </span>
      }
      note={<RefusedCall entry={entry} canSend={canSend} />}
    >
      <MessageText text={input.content} />
    </MessageFrame>
  )
})
