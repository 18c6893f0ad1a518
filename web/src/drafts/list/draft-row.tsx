import { Badge } from '@mantine/core'
import { IconFileText } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { ListedDraft } from '../../../../shared/drafts.ts'
import rows from '../../page/row.module.css'
import { Row } from '../../page/row.tsx'
import { TimeAgo } from '../../page/time-ago.tsx'
import classes from './drafts-page.module.css'

interface Props {
  draft: ListedDraft
  myId: string
}

export function DraftRow({ draft: { id, title, state, ringHolder, segmentCount, updatedAt }, myId }: Props) {
  return (
    <Link to="/drafts/$draftId" params={{ draftId: id }} className={rows.link}>
      <Row
        icon={IconFileText}
        strong={title}
        quiet={
          <>
            {segmentsWords(segmentCount)} · Changed <TimeAgo at={updatedAt} />
          </>
        }
        side={
          <StateBadge isClosed={state === 'closed'} isMine={ringHolder.id === myId} holder={ringHolder.displayName} />
        }
      />
    </Link>
  )
}

const counted = new Intl.NumberFormat('en')
const segmentsWords = (count: number) => (count === 1 ? '1 segment' : `${counted.format(count)} segments`)

function StateBadge({ isClosed, isMine, holder }: { isClosed: boolean; isMine: boolean; holder: string }) {
  if (isClosed)
    return (
      <Badge variant="light" color="gray">
        Closed
      </Badge>
    )
  if (isMine) return <Badge variant="light">You hold the ring</Badge>
  return <span className={`${rows.quiet} ${classes.holder}`}>{holder} holds the ring</span>
}
