/** The collaborators of a draft. Its owner adds and removes them here. */
import { Badge, Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { Collaborator } from '../../../../shared/drafts.ts'
import { fullName } from '../../account/full-name.ts'
import { PersonAvatar } from '../../account/person-avatar.tsx'
import { ConfirmDialog } from '../../page/confirm-dialog.tsx'
import { Dialog } from '../../page/dialog.tsx'
import { plinth } from '../../plinth.ts'
import { showDone, showFailure } from '../../toasts/toasts.tsx'
import type { DraftHead } from '../draft-head.ts'
import { Invitations } from '../list/invitations.tsx'
import { AddForm } from './add-collaborator.tsx'
import classes from './people-dialog.module.css'

interface Props {
  draft: DraftHead
  holderId: string | null
  canChange: boolean
  opened: boolean
  setOpened: (opened: boolean) => void
}

export function PeopleDialog({ draft, holderId, canChange, opened, setOpened }: Props) {
  const [target, setTarget] = useState<Collaborator | null>(null)
  const [isAsking, setAsking] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  // One dialog at a time: Escape is to close the one that is seen.
  const ask = (person: Collaborator) => {
    setTarget(person)
    setOpened(false)
    setAsking(true)
  }
  const back = () => {
    setAsking(false)
    setOpened(true)
  }
  const remove = useMutation({
    mutationFn: (person: Collaborator) =>
      plinth.drafts.removeCollaborator.mutate({ draftId: draft.id, userId: person.id }),
    onSuccess: (_, { displayName }) => showDone(`${displayName} was removed`),
    onError: (error, { displayName }) => showFailure(`${displayName} was not removed`, error),
    onSettled: back,
  })

  return (
    <>
      <Dialog opened={opened} onClose={() => setOpened(false)} title="Collaborators">
        <ul className={classes.people} aria-label="Collaborators">
          {draft.collaborators.map((person) => (
            <li key={person.id}>
              <PersonAvatar person={person} size="2rem" />
              <span className={classes.name}>
                {person.displayName}
                {person.username !== null && <span className={classes.username}>@{person.username}</span>}
                {person.id === draft.ownerId && (
                  <Badge variant="light" color="gray">
                    Owner
                  </Badge>
                )}
                {!person.mayWrite && (
                  <Badge variant="light" color="gray">
                    Can only read
                  </Badge>
                )}
                {person.id === holderId && draft.state === 'open' && <Badge variant="light">Holds the ring</Badge>}
              </span>
              {canChange && person.id !== draft.ownerId && (
                <Button
                  variant="default"
                  size="xs"
                  aria-label={`Remove ${fullName(person)}`}
                  onClick={() => ask(person)}
                >
                  Remove
                </Button>
              )}
            </li>
          ))}
        </ul>
        {canChange && (
          <>
            <Invitations draftId={draft.id} onWithdrawn={() => field.current?.focus()} />
            <AddForm draftId={draft.id} field={field} />
          </>
        )}
      </Dialog>
      <ConfirmDialog
        asked={
          target && {
            question: `Remove ${fullName(target)} from “${draft.title}”?`,
            consequence: `${target.displayName} will not see this draft any more; what they wrote stays. If they hold the ring, it comes to you.`,
            confirm: `Remove ${target.displayName}`,
          }
        }
        opened={isAsking}
        isPending={remove.isPending}
        onCancel={back}
        onConfirm={() => target && remove.mutate(target)}
      />
    </>
  )
}
