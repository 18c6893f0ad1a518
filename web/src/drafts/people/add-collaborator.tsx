/** The form by which the owner of a draft adds a user or invites an e-mail address. */
import { Button, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type RefObject, useState } from 'react'
import { toPlinthError } from '../../../../client/plinth.ts'
import { AddCollaborator, type AddedCollaborator } from '../../../../shared/drafts.ts'
import { fullName } from '../../account/full-name.ts'
import { plinth } from '../../plinth.ts'
import { announce } from '../../toasts/announcer.tsx'
import { showFailure } from '../../toasts/toasts.tsx'
import { reloadInvitations } from '../draft-queries.ts'
import classes from './people-dialog.module.css'

/** Faults that the user can correct in the field, or by a later attempt. */
const faultsOfField = new Set(['PERSON_NOT_FOUND', 'TOO_MANY_INVITATIONS', 'INVITATION_LIMIT_REACHED', 'DRAFT_FULL'])

interface Props {
  draftId: string
  field: RefObject<HTMLInputElement | null>
}

export function AddForm({ draftId, field }: Props) {
  const [person, setPerson] = useState('')
  const [fault, setFault] = useState<string | null>(null)
  const [done, setDone] = useState<string | null>(null)
  const refuse = (reason: string) => {
    setFault(reason)
    field.current?.focus()
  }
  const add = useMutation({
    mutationFn: (input: AddCollaborator) => plinth.drafts.addCollaborator.mutate(input),
    onSuccess: (added) => {
      const words = wordsFor(added)
      setPerson('')
      setDone(words)
      announce(words)
      field.current?.focus()
      if ('email' in added) void reloadInvitations(draftId)
    },
    onError: (error) => {
      const { code, message, details } = toPlinthError(error)
      const ofField = details.find((detail) => detail.field === 'person')
      if (ofField || faultsOfField.has(code)) refuse(ofField?.message ?? message)
      else showFailure('No collaborator was added', error)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (add.isPending) return
    setDone(null)
    const input = AddCollaborator.safeParse({ draftId, person })
    if (input.success) add.mutate(input.data)
    else refuse(input.error.issues[0]?.message ?? 'Enter a username, a user id or an e-mail address')
  }
  return (
    <form onSubmit={submit} noValidate className={classes.add}>
      <TextInput
        ref={field}
        className={classes.field}
        label="Add a collaborator"
        description="A user is added at once by username or user id. An e-mail address is sent an invitation."
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={person}
        error={fault}
        onChange={(event) => {
          setPerson(event.currentTarget.value)
          setFault(null)
          setDone(null)
        }}
      />
      {done && <p className={classes.done}>{done}</p>}
      <Button type="submit" loading={add.isPending}>
        Add collaborator
      </Button>
    </form>
  )
}

function wordsFor(added: AddedCollaborator): string {
  if ('email' in added) return `Invitation sent to ${added.email}.`
  return added.mayWrite
    ? `${fullName(added)} can write in this draft now.`
    : `${fullName(added)} can only read this draft. An administrator can change their role.`
}
