/** Signs in by address and password. A refusal says the same whoever the address belongs to, and to nobody. */
import { Anchor, Button, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useEffect } from 'react'
import { errorCode, toPlinthError } from '../../../client/plinth.ts'
import { SignIn } from '../../../shared/auth.ts'
import { FormFailure } from '../failure/form-failure.tsx'
import { faultsOf, useFields } from '../page/use-fields.ts'
import { PasswordField } from '../password/password-field.tsx'
import { secretGcTime, trpc } from '../plinth.ts'
import { beginSession } from '../session/session.ts'
import classes from './entry-card.module.css'
import { useReturnTo } from './sign-in-search.ts'

export function PasswordForm({ isShown }: { isShown: boolean }) {
  const { onTheWay } = useReturnTo()
  const form = useFields({ email: '', password: '' })
  const { focus } = form
  // Not on a phone, where the keyboard would cover the other sign-in methods.
  useEffect(() => {
    if (isShown && matchMedia('(hover: hover)').matches) focus('email')
  }, [isShown, focus])
  const signIn = useMutation({
    ...trpc.auth.signIn.mutationOptions({ gcTime: secretGcTime }),
    onSuccess: ({ user }) => beginSession(user),
    onError: (error) => {
      const isAtField = form.refuse(toPlinthError(error).details)
      if (!isAtField && errorCode(error) === 'WRONG_CREDENTIALS') form.focus('password')
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (signIn.isPending) return
    signIn.reset()
    const input = SignIn.safeParse(form.values)
    if (input.success) signIn.mutate(input.data)
    else form.refuse(faultsOf(input.error))
  }
  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      <TextInput label="E-mail address" type="email" autoComplete="username" {...form.field('email')} />
      <PasswordField label="Password" autoComplete="current-password" {...form.field('password')} />
      <FormFailure title="You are not signed in" error={signIn.error} />
      <Button type="submit" size="md" fullWidth loading={signIn.isPending || signIn.isSuccess}>
        Sign in
      </Button>
      <Anchor
        fz="sm"
        w="fit-content"
        renderRoot={(props) => <Link to="/forgot-password" search={onTheWay} {...props} />}
      >
        Forgot password?
      </Anchor>
    </form>
  )
}
