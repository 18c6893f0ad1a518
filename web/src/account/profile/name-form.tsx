/** Changes the name that others see. What is not accepted stays in the field, with the reason under it. */
import { Button, TextInput } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { toPlinthError } from '../../../../client/plinth.ts'
import type { Person } from '../../../../shared/account.ts'
import { UpdateProfile } from '../../../../shared/profiles.ts'
import { trpc } from '../../plinth.ts'
import { keepPerson } from '../../session/session.ts'
import { announce } from '../../toasts/announcer.tsx'
import { showFailure } from '../../toasts/toasts.tsx'
import classes from './profile-tab.module.css'

export function NameForm({ person, isReadOnly }: { person: Person; isReadOnly: boolean }) {
  const field = useRef<HTMLInputElement>(null)
  const [name, setName] = useState(person.displayName)
  const [fault, setFault] = useState<string | null>(null)
  const refuse = (reason: string) => {
    setFault(reason)
    field.current?.focus()
  }
  const save = useMutation({
    ...trpc.account.updateProfile.mutationOptions(),
    onSuccess: (saved) => {
      keepPerson(saved)
      setName(saved.displayName)
      announce('Name saved')
    },
    onError: (error) => {
      const ofField = toPlinthError(error).details.find((detail) => detail.field === 'displayName')
      if (ofField) refuse(ofField.message)
      else showFailure('Your name was not saved', error)
    },
  })
  const isChanged = name !== person.displayName

  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (save.isPending || isReadOnly || !isChanged) return
    const input = UpdateProfile.safeParse({ displayName: name })
    if (input.success) save.mutate(input.data)
    else refuse(input.error.issues[0]?.message ?? 'Not a name that can be stored')
  }

  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      <TextInput
        ref={field}
        label="Display name"
        description="Up to 80 characters."
        autoComplete="name"
        value={name}
        error={fault}
        readOnly={isReadOnly}
        onChange={(event) => {
          setName(event.currentTarget.value)
          setFault(null)
          save.reset()
        }}
      />
      <div className={classes.save}>
        <Button type="submit" loading={save.isPending} disabled={isReadOnly || !isChanged}>
          Save name
        </Button>
        {save.isSuccess && !isChanged && (
          <span className={classes.saved}>
            <IconCheck size="1rem" aria-hidden /> Saved
          </span>
        )}
        {isReadOnly && <span className={classes.saved}>Sign in again to change it.</span>}
      </div>
    </form>
  )
}
