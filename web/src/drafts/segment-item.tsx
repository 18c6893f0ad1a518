/** One segment: confirmed, on its way (dimmed, with a clock), or refused (with the reason and what to do). */
import { IconAlertCircle, IconClock } from '@tabler/icons-react'
import { memo } from 'react'
import type { PersonRef } from '../../../shared/person-ref.ts'
import { PersonAvatar } from '../account/person-avatar.tsx'
import { RefusalBox, RefusalChoices } from '../failure/refusal.tsx'
import { TimeAgo } from '../page/time-ago.tsx'
import type { Refusal, Unsent } from './draft-state.ts'
import type { LiveDraft } from './live-draft.ts'
import classes from './segments.module.css'

interface Props {
  id: string
  author: PersonRef | null
  /** Shown because display names are not unique. Absent for an author who is no longer a collaborator. */
  username?: string | null | undefined
  text: string
  at: string
  /** Came while the page was open. */
  isNew: boolean
  /** Absent once it is confirmed. */
  status?: Unsent['status']
  refusal?: Refusal
  live?: LiveDraft
  canSend?: boolean
}

const nobody = { displayName: 'Somebody who left', avatarUrl: null }

export const segmentElementId = (id: string) => `segment-${id}`

export const SegmentItem = memo(function SegmentItem({
  id,
  author,
  username,
  text,
  at,
  isNew,
  status,
  ...unsent
}: Props) {
  const { displayName } = author ?? nobody
  return (
    <li
      id={segmentElementId(id)}
      tabIndex={-1}
      className={classes.segment}
      data-status={status}
      data-new={isNew || undefined}
    >
      <PersonAvatar person={author ?? nobody} size="2.25rem" />
      <div className={classes.words}>
        <div className={classes.byline}>
          <span className={classes.author}>{displayName}</span>
          {username && <span className={classes.username}>@{username}</span>}
          <span className={classes.when}>{status ? <StatusWords status={status} /> : <TimeAgo at={at} />}</span>
        </div>
        <p className={classes.text}>{text}</p>
        {unsent.refusal && <RefusalNote id={id} refusal={unsent.refusal} live={unsent.live} canSend={unsent.canSend} />}
      </div>
    </li>
  )
})

function StatusWords({ status }: { status: Unsent['status'] }) {
  const StatusIcon = status === 'refused' ? IconAlertCircle : IconClock
  const words = { sending: 'Sending', waiting: 'Waiting for the connection', refused: 'Not added' }[status]
  return (
    <span className={classes.status}>
      <StatusIcon size="0.875rem" aria-hidden /> {words}
    </span>
  )
}

function RefusalNote({
  id,
  refusal,
  live,
  canSend,
}: {
  id: string
  refusal: Refusal
  live?: LiveDraft
  canSend?: boolean
}) {
  return (
    <RefusalBox>
      <p>{refusal.message}</p>
      <RefusalChoices
        refusal={refusal}
        canSend={canSend === true}
        onTryAgain={() => live?.tryAgain(id)}
        onDiscard={() => live?.discard(id)}
      />
    </RefusalBox>
  )
}
