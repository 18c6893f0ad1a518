/**
 * Before a change that needs a fresh sign-in: asks for the password, or for another sign-in where the user has none. It opens once
 * it is known which.
 */
import { Button, Group, Text } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { useLocation } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import { errorCode, toPlinthError } from '../../../client/plinth.ts'
import { ConfirmPassword } from '../../../shared/auth.ts'
import { FormFailure } from '../failure/form-failure.tsx'
import { Dialog } from '../page/dialog.tsx'
import { faultsOf, useFields } from '../page/use-fields.ts'
import { PasswordField } from '../password/password-field.tsx'
import { secretGcTime, trpc } from '../plinth.ts'
import { methodsQuery } from '../sign-in/sign-in-search.ts'
import { identitiesQuery, itemsOf } from './account-queries.ts'

interface Props {
  opened: boolean
  /** What the change decides. */
  about?: string
  onConfirmed: () => void
  onCancel: () => void
}

export function ReauthenticationDialog({
  opened,
  about = 'who can get into your account',
  onConfirmed,
  onCancel,
}: Props) {
  const ways = useInfiniteQuery({ ...identitiesQuery, enabled: opened })
  const hasPassword = ways.data && itemsOf(ways.data).some(({ provider }) => provider === 'password')
  const reason = `It is a while since you signed in, and this changes ${about}.`
  return (
    <Dialog opened={opened && !ways.isPending} onClose={onCancel} title="Confirm that it is you">
      {hasPassword ? (
        <ByPassword reason={reason} onConfirmed={onConfirmed} onCancel={onCancel} />
      ) : (
        <BySigningIn reason={reason} onCancel={onCancel} />
      )}
    </Dialog>
  )
}

function ByPassword({ reason, onConfirmed, onCancel }: Pick<Props, 'onConfirmed' | 'onCancel'> & { reason: string }) {
  const form = useFields({ password: '' })
  const confirm = useMutation({
    ...trpc.account.confirmPassword.mutationOptions({ gcTime: secretGcTime }),
    onSuccess: onConfirmed,
    onError: (error) => {
      const { code, details } = toPlinthError(error)
      form.refuse(
        code === 'WRONG_CREDENTIALS' ? [{ field: 'password', message: 'This is not your password' }] : details,
      )
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (confirm.isPending) return
    confirm.reset()
    const input = ConfirmPassword.safeParse(form.values)
    if (input.success) confirm.mutate(input.data)
    else form.refuse(faultsOf(input.error))
  }
  return (
    <form onSubmit={submit} noValidate>
      <Text mb="md">{reason}</Text>
      <PasswordField data-autofocus label="Your password" autoComplete="current-password" {...form.field('password')} />
      <FormFailure
        title="Not confirmed"
        error={confirm.error && errorCode(confirm.error) !== 'WRONG_CREDENTIALS' ? confirm.error : null}
      />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={confirm.isPending}>
          Confirm
        </Button>
      </Group>
    </form>
  )
}

function BySigningIn({ reason, onCancel }: Pick<Props, 'onCancel'> & { reason: string }) {
  const { href } = useLocation()
  const { data } = useQuery(methodsQuery)
  return (
    <>
      <Text mb="lg">{reason} Sign in once more; you come back here and can do it then.</Text>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        {data?.methods.map(({ provider, name, path }) => (
          <Button
            key={provider}
            component="a"
            data-autofocus
            href={`${path}?${new URLSearchParams({ returnTo: href })}`}
          >
            Sign in with {name}
          </Button>
        ))}
      </Group>
    </>
  )
}
