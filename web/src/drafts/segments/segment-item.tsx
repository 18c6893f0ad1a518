/** One segment: confirmed, not confirmed yet (dimmed, with a clock), or refused (with the reason and what to do). */
import { IconAlertCircle, IconClock } from '@tabler/icons-react'
import { memo } from 'react'
import type { Segment } from '../../../../shared/drafts.ts'
import { PersonAvatar } from '../../account/person-avatar.tsx'
import { RefusedCall } from '../../offline/refused-call.tsx'
import { TimeAgo } from '../../page/time-ago.tsx'
import type { UnsentSegment } from '../use-draft.ts'
import classes from './segments.module.css'

interface Props {
  segment: Segment
  /** Shown because display names are not unique. Absent for an author who is no longer a collaborator. */
  username?: string | null | undefined
  /** Came while the page was open. */
  isNew: boolean
  /** Absent once it is confirmed. */
  unsent?: UnsentSegment
  canSend?: boolean
}

const deletedUser = { displayName: 'A user who left', avatarUrl: null }

export const segmentElementId = (id: string) => `segment-${id}`

export const SegmentItem = memo(function SegmentItem({ segment, username, isNew, unsent, canSend }: Props) {
  const { id, text, createdAt } = segment
  const author = segment.author ?? deletedUser
  return (
    <li
      id={segmentElementId(id)}
      tabIndex={-1}
      className={classes.segment}
      data-status={unsent?.status}
      data-new={isNew || undefined}
    >
      <PersonAvatar person={author} size="2.25rem" />
      <div className={classes.words}>
        <div className={classes.byline}>
          <span className={classes.author}>{author.displayName}</span>
          {username && <span className={classes.username}>@{username}</span>}
          <span className={classes.when}>
            {unsent ? <StatusWords status={unsent.status} /> : <TimeAgo at={createdAt} />}
          </span>
        </div>
        <p className={classes.text}>{text}</p>
        <RefusedCall entry={unsent?.entry} canSend={canSend === true} />
      </div>
    </li>
  )
})

function StatusWords({ status }: { status: UnsentSegment['status'] }) {
  const StatusIcon = status === 'refused' ? IconAlertCircle : IconClock
  const words = { sending: 'Sending', waiting: 'Waiting for the connection', refused: 'Not added' }[status]
  return (
    <span className={classes.status}>
      <StatusIcon size="0.875rem" aria-hidden /> {words}
    </span>
  )
}
