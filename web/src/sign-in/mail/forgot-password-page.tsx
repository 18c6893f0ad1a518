/** Asks for a link to set a new password. The answer is the same whether or not the address has an account. */
import { Anchor, Button, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import { toPlinthError } from '../../../../client/plinth.ts'
import { ForgotPassword } from '../../../../shared/auth.ts'
import { FormFailure } from '../../failure/form-failure.tsx'
import { faultsOf, useFields } from '../../page/use-fields.ts'
import { trpc } from '../../plinth.ts'
import classes from '../entry-card.module.css'
import { EntryCard } from '../entry-card.tsx'
import { useReturnTo } from '../sign-in-search.ts'
import { LookIntoMail } from './look-into-mail.tsx'

export function ForgotPasswordPage() {
  const { onTheWay } = useReturnTo()
  const form = useFields({ email: '' })
  const ask = useMutation({
    ...trpc.auth.forgotPassword.mutationOptions(),
    onError: (error) => form.refuse(toPlinthError(error).details),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (ask.isPending) return
    ask.reset()
    const input = ForgotPassword.safeParse(form.values)
    if (input.success) ask.mutate(input.data)
    else form.refuse(faultsOf(input.error))
  }
  if (ask.isSuccess)
    return (
      <LookIntoMail
        lead={
          <>
            If there is an account with <strong>{ask.variables.email}</strong>, a mail with a link to set a new password
            is on its way. The link works once, within 30 minutes.
          </>
        }
        onAgain={ask.reset}
      />
    )
  return (
    <EntryCard
      title="Set a new password"
      lead="Say which address you sign in with, and we send a link to it."
      foot={
        <p>
          <Anchor renderRoot={(props) => <Link to="/sign-in" search={onTheWay} {...props} />}>Back to sign in</Anchor>
        </p>
      }
    >
      <form className={classes.form} onSubmit={submit} noValidate>
        <TextInput label="E-mail address" type="email" autoComplete="username" {...form.field('email')} />
        <FormFailure title="The link was not sent" error={ask.error} />
        <Button type="submit" size="md" fullWidth loading={ask.isPending}>
          Send the link
        </Button>
      </form>
    </EntryCard>
  )
}
