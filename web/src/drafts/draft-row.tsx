import { Badge } from '@mantine/core'
import { IconFileText } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { DraftSummary } from '../../../shared/drafts.ts'
import rows from '../page/row.module.css'
import { Row } from '../page/row.tsx'
import { TimeAgo } from '../page/time-ago.tsx'

interface Props {
  draft: DraftSummary
  myId: string
}

export function DraftRow({ draft: { id, title, state, ringHolderId, segmentCount, updatedAt }, myId }: Props) {
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
        side={<StateBadge isClosed={state === 'closed'} isMyTurn={ringHolderId === myId} />}
      />
    </Link>
  )
}

const counted = new Intl.NumberFormat('en')
const segmentsWords = (count: number) => (count === 1 ? '1 segment' : `${counted.format(count)} segments`)

function StateBadge({ isClosed, isMyTurn }: { isClosed: boolean; isMyTurn: boolean }) {
  if (isClosed)
    return (
      <Badge variant="light" color="gray">
        Closed
      </Badge>
    )
  if (isMyTurn) return <Badge variant="light">You hold the ring</Badge>
  return <span className={rows.quiet}>Another holds the ring</span>
}
