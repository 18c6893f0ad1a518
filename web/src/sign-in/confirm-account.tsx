/** The two answers to a mail that asks to confirm an address: "I registered", which is shown, and "I did not". */
import { Anchor, Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import { errorCode, toPlinthError } from '../../../client/plinth.ts'
import { type Verification, VerifyEmail } from '../../../shared/auth.ts'
import { FormFailure } from '../failure/form-failure.tsx'
import { faultsOf, useFields } from '../page/use-fields.ts'
import { PasswordField } from '../password/password-field.tsx'
import { secretGcTime, trpc } from '../plinth.ts'
import { useSession } from '../session/session.ts'
import classes from './entry-card.module.css'
import { EntryCard } from './entry-card.tsx'
import type { Outcome } from './mail/verify-email-page.tsx'
import { ReclaimAddress } from './reclaim-address.tsx'

interface Props {
  token: string
  account: Verification
  onEnd: (as: Outcome) => void
  /** What confirming takes is not what it was. */
  onChanged: () => void
}

export function ConfirmAccount({ token, account, onEnd, onChanged }: Props) {
  const session = useSession()
  const { email, username, displayName, needs } = account
  const isOthers = needs !== 'nothing' && session.state === 'signed-in'
  return (
    <EntryCard
      title="Confirm your address"
      lead={
        <>
          <p>
            The account <strong>{username ?? displayName}</strong> was registered with the address{' '}
            <strong>{email}</strong>. {leads[needs]}
          </p>
          {isOthers && <p>You are signed in here to another account.</p>}
        </>
      }
    >
      {needs === 'sign-in' ? (
        <Button size="md" fullWidth renderRoot={(props) => <Link to="/sign-in" {...props} />}>
          Sign in
        </Button>
      ) : (
        <Confirm token={token} account={account} onEnd={onEnd} onChanged={onChanged} />
      )}
      <div className={classes.or}>or</div>
      <ReclaimAddress token={token} account={account} onEnd={onEnd} />
    </EntryCard>
  )
}

const leads: Record<Verification['needs'], string> = {
  nothing: 'You are signed in to it here.',
  password: 'If it was you, enter the password that you chose.',
  'sign-in': 'It has no password. If it was you, sign in to it in this browser, then open the link again.',
}

function Confirm({ token, account: { email, needs }, onEnd, onChanged }: Props) {
  const form = useFields({ password: '' })
  const confirm = useMutation({
    ...trpc.auth.verifyEmail.mutationOptions({ gcTime: secretGcTime }),
    onSuccess: () => onEnd('confirmed'),
    onError: (error) => {
      const code = errorCode(error)
      if (code === 'ONE_TIME_TOKEN_INVALID') onEnd('refused')
      else if (code === 'ACCOUNT_NOT_PROVEN') onChanged()
      else if (code === 'WRONG_CREDENTIALS')
        form.refuse([{ field: 'password', message: 'This is not the password of this account' }])
      else form.refuse(toPlinthError(error).details)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (confirm.isPending) return
    confirm.reset()
    const input = VerifyEmail.safeParse(needs === 'nothing' ? { token } : { token, ...form.values })
    if (input.success) confirm.mutate(input.data)
    else form.refuse(faultsOf(input.error))
  }
  const isAtField = errorCode(confirm.error) === 'WRONG_CREDENTIALS' && needs === 'password'
  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      {needs === 'password' && (
        <>
          {/* For password managers: whose password it is. */}
          <input type="email" name="email" autoComplete="username" value={email} readOnly hidden />
          <PasswordField label="Password of this account" autoComplete="current-password" {...form.field('password')} />
        </>
      )}
      <FormFailure title="The address was not confirmed" error={isAtField ? null : confirm.error} />
      <Button type="submit" size="md" fullWidth loading={confirm.isPending}>
        Confirm this address
      </Button>
      {needs === 'password' && (
        <Anchor fz="sm" w="fit-content" renderRoot={(props) => <Link to="/forgot-password" {...props} />}>
          Forgot password?
        </Anchor>
      )}
    </form>
  )
}
