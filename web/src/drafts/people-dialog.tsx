/** Who writes in a draft. Its owner adds and removes people here. */
import { Badge, Button, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { toPlinthError } from '../../../client/plinth.ts'
import { AddCollaborator, type Collaborator, type Draft } from '../../../shared/drafts.ts'
import { fullName } from '../account/full-name.ts'
import { PersonAvatar } from '../account/person-avatar.tsx'
import { ConfirmDialog } from '../page/confirm-dialog.tsx'
import { Dialog } from '../page/dialog.tsx'
import { plinth } from '../plinth.ts'
import { announce } from '../toasts/announcer.tsx'
import { showDone, showFailure } from '../toasts/toasts.tsx'
import classes from './people-dialog.module.css'

interface Props {
  draft: Draft
  holderId: string | null
  canChange: boolean
  opened: boolean
  setOpened: (opened: boolean) => void
}

export function PeopleDialog({ draft, holderId, canChange, opened, setOpened }: Props) {
  const [target, setTarget] = useState<Collaborator | null>(null)
  const [isAsking, setAsking] = useState(false)
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
        {canChange && <AddForm draftId={draft.id} />}
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

function AddForm({ draftId }: { draftId: string }) {
  const field = useRef<HTMLInputElement>(null)
  const [person, setPerson] = useState('')
  const [fault, setFault] = useState<string | null>(null)
  const refuse = (reason: string) => {
    setFault(reason)
    field.current?.focus()
  }
  const add = useMutation({
    mutationFn: (input: AddCollaborator) => plinth.drafts.addCollaborator.mutate(input),
    onSuccess: ({ displayName }) => {
      setPerson('')
      field.current?.focus()
      announce(`${displayName} can write in this draft now.`)
    },
    onError: (error) => {
      const { code, message, details } = toPlinthError(error)
      const ofField = details.find((detail) => detail.field === 'person')
      if (ofField || code === 'PERSON_NOT_FOUND') refuse(ofField?.message ?? message)
      else showFailure('Nobody was added', error)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (add.isPending) return
    const input = AddCollaborator.safeParse({ draftId, person })
    if (input.success) add.mutate(input.data)
    else refuse(input.error.issues[0]?.message ?? 'Not a name that can be looked up')
  }
  return (
    <form onSubmit={submit} noValidate className={classes.add}>
      <TextInput
        ref={field}
        className={classes.field}
        label="Add a collaborator"
        description="E-mail address, username or user id."
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={person}
        error={fault}
        onChange={(event) => {
          setPerson(event.currentTarget.value)
          setFault(null)
        }}
      />
      <Button type="submit" loading={add.isPending}>
        Add collaborator
      </Button>
    </form>
  )
}
