/** Who holds the ring, who writes here, and what can be done with the draft as a whole. */
import { Badge, Button } from '@mantine/core'
import { IconCircle, IconLock, IconUsers } from '@tabler/icons-react'
import { useState } from 'react'
import type { Present } from '../../../shared/presence.ts'
import { DraftActions } from './draft-actions.tsx'
import { type DraftHead, nameIn } from './draft-head.ts'
import classes from './draft-page.module.css'
import { PeopleDialog } from './people/people-dialog.tsx'
import { PeopleHere } from './people/people-here.tsx'
import { RingHelp } from './people/ring-help.tsx'

interface Props {
  draft: DraftHead
  holderId: string | null
  myId: string
  /** Who else is here. */
  others: Present[]
  canChange: boolean
  canLeave: boolean
}

export function DraftHeader({ draft, holderId, myId, others, canChange, canLeave }: Props) {
  const [isShowingPeople, setShowingPeople] = useState(false)
  const isMine = holderId === myId
  const count = draft.collaborators.length
  return (
    <div className={classes.header}>
      {draft.state === 'closed' ? (
        <Badge size="lg" variant="light" color="gray" leftSection={<IconLock size="0.875rem" aria-hidden />}>
          Closed
        </Badge>
      ) : (
        <div className={classes.ring}>
          <Badge
            size="lg"
            variant="light"
            color={isMine ? undefined : 'gray'}
            className={classes.holder}
            leftSection={<IconCircle size="0.875rem" stroke={4} aria-hidden />}
          >
            {isMine ? 'You hold the ring' : `${nameIn(draft, holderId)} holds the ring`}
          </Badge>
          <RingHelp draft={draft} holderId={holderId} myId={myId} />
        </div>
      )}
      <div className={classes.here}>
        <PeopleHere others={others} />
      </div>
      <div className={classes.actions}>
        <Button
          variant="default"
          leftSection={<IconUsers size="1rem" aria-hidden />}
          onClick={() => setShowingPeople(true)}
        >
          {count === 1 ? '1 collaborator' : `${count} collaborators`}
        </Button>
        {(draft.ownerId === myId ? canChange : canLeave) && <DraftActions draft={draft} myId={myId} />}
      </div>
      <PeopleDialog
        draft={draft}
        holderId={holderId}
        canChange={canChange && draft.ownerId === myId}
        opened={isShowingPeople}
        setOpened={setShowingPeople}
      />
    </div>
  )
}
