/** A new account by address and password. Whoever has one already is told so only where the server chooses to. */
import { Anchor, Button, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import { type PlinthError, toPlinthError } from '../../../client/plinth.ts'
import { Register } from '../../../shared/auth.ts'
import type { FieldFault } from '../../../shared/errors.ts'
import { FormFailure } from '../failure/form-failure.tsx'
import { faultsOf, useFields } from '../page/use-fields.ts'
import { NewPasswordField } from '../password/new-password-field.tsx'
import { secretGcTime, trpc } from '../plinth.ts'
import { beginSession } from '../session/session.ts'
import { announce } from '../toasts/announcer.tsx'
import classes from './entry-card.module.css'
import { EntryCard } from './entry-card.tsx'
import { LookIntoMail } from './mail/look-into-mail.tsx'
import { useReturnTo } from './sign-in-search.ts'
import { useEnter } from './use-enter.ts'

export function RegisterPage() {
  const { onTheWay } = useReturnTo()
  useEnter()
  const form = useFields({ username: '', email: '', password: '' })
  const register = useMutation({
    ...trpc.auth.signUp.mutationOptions({ gcTime: secretGcTime }),
    onSuccess: async ({ user }) => {
      if (!user) return
      announce(`Your account is made. A mail to ${user.email} is on its way.`)
      await beginSession(user)
    },
    onError: (error) => form.refuse(fieldFaults(toPlinthError(error))),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (register.isPending) return
    register.reset()
    const input = Register.safeParse(form.values)
    if (input.success) register.mutate(input.data)
    else form.refuse(faultsOf(input.error))
  }

  if (register.data && !register.data.user)
    return (
      <LookIntoMail
        lead={
          <>
            A mail to <strong>{register.variables?.email}</strong> is on its way. Open the link in it to confirm the
            address, then sign in.
          </>
        }
        onAgain={register.reset}
      />
    )
  const failure = register.error && fieldFaults(toPlinthError(register.error)).length === 0 ? register.error : null
  return (
    <EntryCard
      title="Create an account"
      lead="One account for all of Plinth, on every device."
      foot={
        <p>
          Have an account?{' '}
          <Anchor renderRoot={(props) => <Link to="/sign-in" search={onTheWay} {...props} />}>Sign in</Anchor>
        </p>
      }
    >
      <form className={classes.form} onSubmit={submit} noValidate>
        <TextInput
          label="Username"
          description="Other users find you by it: 3 to 20 letters, digits or underscores."
          autoComplete="nickname"
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
          {...form.field('username')}
        />
        <TextInput
          label="E-mail address"
          description="We send you a mail to confirm it."
          type="email"
          autoComplete="username"
          {...form.field('email')}
        />
        <NewPasswordField label="Password" {...form.field('password')} />
        <FormFailure title="The account was not created" error={failure} />
        <Button type="submit" size="md" fullWidth loading={register.isPending}>
          Create account
        </Button>
      </form>
    </EntryCard>
  )
}

/** What is wrong with one field, also where the code alone says it. */
function fieldFaults({ code, message, details }: PlinthError): FieldFault[] {
  if (code === 'EMAIL_ALREADY_EXISTS') return [{ field: 'email', message }]
  if (code === 'USERNAME_TAKEN') return [{ field: 'username', message }]
  return details
}
