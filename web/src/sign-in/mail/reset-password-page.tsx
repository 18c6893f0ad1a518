/** Where the link of a mail leads to set a new password. Afterwards every session is over, this one too. */
import { Anchor, Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useEffect } from 'react'
import { errorCode, toPlinthError } from '../../../../client/plinth.ts'
import { NewPassword } from '../../../../shared/auth.ts'
import { FormFailure } from '../../failure/form-failure.tsx'
import { useFields } from '../../page/use-fields.ts'
import { NewPasswordField } from '../../password/new-password-field.tsx'
import { secretGcTime, trpc } from '../../plinth.ts'
import { lookForSession } from '../../session/session.ts'
import classes from '../entry-card.module.css'
import { EntryCard } from '../entry-card.tsx'
import { forgetLinkToken, useLinkToken } from './link-token.ts'

export function ResetPasswordPage() {
  const token = useLinkToken('/reset-password')
  const form = useFields({ newPassword: '' })
  const reset = useMutation({
    ...trpc.auth.resetPassword.mutationOptions({ gcTime: secretGcTime }),
    onSuccess: () => {
      forgetLinkToken()
      void lookForSession()
    },
    onError: (error) => {
      if (errorCode(error) === 'ONE_TIME_TOKEN_INVALID') forgetLinkToken()
      else form.refuse(toPlinthError(error).details)
    },
  })
  // A newer link was opened: what became of the one before is no news any more.
  const { reset: forgetOutcome } = reset
  useEffect(() => {
    if (token) forgetOutcome()
  }, [token, forgetOutcome])

  if (reset.isSuccess) return <Done />
  if (!token) return <NoLink wasRefused={reset.isError} />
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (reset.isPending) return
    reset.reset()
    const input = NewPassword.safeParse(form.values.newPassword)
    if (input.success) reset.mutate({ token, newPassword: input.data })
    else form.refuse(input.error.issues.map(({ message }) => ({ field: 'newPassword', message })))
  }
  const isAtField = reset.error && toPlinthError(reset.error).details.some(({ field }) => field === 'newPassword')
  return (
    <EntryCard
      title="Choose a new password"
      lead="It takes the place of the old one. You are signed out everywhere, and sign in with it again."
    >
      <form className={classes.form} onSubmit={submit} noValidate>
        <NewPasswordField label="New password" {...form.field('newPassword')} />
        <FormFailure title="The password was not set" error={isAtField ? null : reset.error} />
        <Button type="submit" size="md" fullWidth loading={reset.isPending}>
          Set password
        </Button>
      </form>
    </EntryCard>
  )
}

function Done() {
  return (
    <EntryCard
      title="Your new password is set"
      lead="You were signed out on every device. Sign in with the new password."
    >
      <Button size="md" fullWidth renderRoot={(props) => <Link to="/sign-in" {...props} />}>
        Sign in
      </Button>
    </EntryCard>
  )
}

function NoLink({ wasRefused }: { wasRefused: boolean }) {
  return (
    <EntryCard
      title={wasRefused ? 'This link does not work any more' : 'Open the link in your mail'}
      lead={
        wasRefused
          ? 'It works once, within 30 minutes, and only the newest one does. Ask for a new link; your password is as it was.'
          : 'This page sets a new password, and needs the link in the mail for it. Open it again, or ask for a new one.'
      }
      foot={
        <p>
          <Anchor renderRoot={(props) => <Link to="/sign-in" {...props} />}>Back to sign in</Anchor>
        </p>
      }
    >
      <Button size="md" fullWidth renderRoot={(props) => <Link to="/forgot-password" {...props} />}>
        Ask for a new link
      </Button>
    </EntryCard>
  )
}
