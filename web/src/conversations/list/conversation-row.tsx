import { IconClock } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import type { Conversation } from '../../../../shared/conversations.ts'
import { TimeAgo } from '../../page/time-ago.tsx'
import { countWords, untitled } from '../conversation-words.ts'
import classes from '../conversations-page.module.css'

interface Props {
  conversation: Conversation
  /** Asked for, not yet confirmed. */
  isPending: boolean
}

export const ConversationRow = memo(function ConversationRow({ conversation, isPending }: Props) {
  const { id, title, messageCount, updatedAt } = conversation
  return (
    <Link
      to="/conversations/$conversationId"
      params={{ conversationId: id }}
      className={classes.row}
      data-pending={isPending || undefined}
    >
      <span className={classes.title} data-untitled={title === null || undefined}>
        {title ?? untitled}
      </span>
      <span className={classes.quiet}>
        {isPending ? (
          <>
            <IconClock size="0.875rem" aria-hidden /> Waiting to be sent
          </>
        ) : (
          <>
            {countWords(messageCount)} · <TimeAgo at={updatedAt} />
          </>
        )}
      </span>
    </Link>
  )
})
