/** Chooses the name by which others find this person. What is not accepted stays in the field, with the reason under it. */
import { Button, TextInput } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { toPlinthError } from '../../../../client/plinth.ts'
import type { Person } from '../../../../shared/account.ts'
import { UpdateProfile } from '../../../../shared/profiles.ts'
import { faultsOf, useFields } from '../../page/use-fields.ts'
import { trpc } from '../../plinth.ts'
import { keepPerson } from '../../session/session.ts'
import { announce } from '../../toasts/announcer.tsx'
import { showFailure } from '../../toasts/toasts.tsx'
import classes from './profile-tab.module.css'

export function UsernameForm({ person, isReadOnly }: { person: Person; isReadOnly: boolean }) {
  const form = useFields({ username: person.username ?? '' })
  const save = useMutation({
    ...trpc.account.updateProfile.mutationOptions(),
    onSuccess: (saved) => {
      keepPerson(saved)
      announce('Username saved')
    },
    onError: (error) => {
      const { code, message, details } = toPlinthError(error)
      const faults = code === 'USERNAME_TAKEN' ? [{ field: 'username', message }] : details
      if (!form.refuse(faults)) showFailure('Your username was not saved', error)
    },
  })
  const isChanged = form.values.username !== (person.username ?? '')

  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (save.isPending || isReadOnly || !isChanged) return
    const input = UpdateProfile.safeParse(form.values)
    if (input.success) save.mutate(input.data)
    else form.refuse(faultsOf(input.error))
  }

  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      <TextInput
        label="Username"
        description="Other users find you by it: 3 to 20 letters, digits or underscores."
        autoComplete="nickname"
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        readOnly={isReadOnly}
        {...form.field('username')}
      />
      <div className={classes.save}>
        <Button type="submit" loading={save.isPending} disabled={isReadOnly || !isChanged}>
          Save username
        </Button>
        {save.isSuccess && !isChanged && (
          <span className={classes.saved}>
            <IconCheck size="1rem" aria-hidden /> Saved
          </span>
        )}
      </div>
    </form>
  )
}
