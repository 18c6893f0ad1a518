/** Beside the ring: what it is, what a segment is, and who can pass the ring or take it back. */
import { ActionIcon, Popover, Tooltip } from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'
import { useId } from 'react'
import { type DraftHead, nameIn } from '../draft-head.ts'
import classes from './ring-help.module.css'

interface Props {
  draft: DraftHead
  holderId: string | null
  myId: string
}

export function RingHelp({ draft, holderId, myId }: Props) {
  const titleId = useId()
  const isMine = holderId === myId
  return (
    <Popover
      position="bottom-start"
      withinPortal={false}
      shadow="md"
      trapFocus
      returnFocus
      transitionProps={{ duration: 120 }}
    >
      <Popover.Target>
        <Tooltip label="About the ring">
          <ActionIcon variant="subtle" color="gray" size="2.25rem" aria-label="About the ring">
            <IconInfoCircle size="1.25rem" stroke={1.5} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown className={classes.help} aria-labelledby={titleId}>
        <h2 id={titleId} className={classes.title}>
          Writing in turns
        </h2>
        <p>
          A draft consists of <strong>segments</strong>: pieces of text, each added at the end by one user. A segment
          cannot be changed once it is added.
        </p>
        <p>
          The <strong>ring</strong> shows whose turn it is: only its holder can add segments.{' '}
          {isMine ? 'You hold it, and can pass it on' : `${nameIn(draft, holderId)} holds it, and can pass it on`} to
          any collaborator who can write.
        </p>
        <p>
          {draft.ownerId === myId
            ? 'You own this draft, so you can take the ring back at any time.'
            : `Only ${nameIn(draft, draft.ownerId)}, who owns this draft, can take the ring back.`}
        </p>
      </Popover.Dropdown>
    </Popover>
  )
}
