/** Sets the first password of an account, or changes the one it has, for which the one of now is asked. */
import { Button, Group, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { toPlinthError } from '../../../../client/plinth.ts'
import { NewPassword, Password } from '../../../../shared/auth.ts'
import type { FieldFault } from '../../../../shared/errors.ts'
import { FormFailure } from '../../failure/form-failure.tsx'
import { Dialog } from '../../page/dialog.tsx'
import { useFields } from '../../page/use-fields.ts'
import { NewPasswordField } from '../../password/new-password-field.tsx'
import { PasswordField } from '../../password/password-field.tsx'
import { secretGcTime, trpc } from '../../plinth.ts'

interface Props {
  opened: boolean
  hasPassword: boolean
  onChanged: () => void
  onCancel: () => void
  /** Whether the failure is one that the person can lift by showing that it is them; then `again` is done. */
  needsReauthentication: (error: unknown, again: () => void) => boolean
}

export function PasswordDialog({ opened, ...form }: Props) {
  return (
    <Dialog
      opened={opened}
      onClose={form.onCancel}
      title={form.hasPassword ? 'Change your password' : 'Set a password'}
    >
      {/* Mounted as the dialog opens, so that nothing typed before is in it. */}
      <PasswordForm {...form} />
    </Dialog>
  )
}

function PasswordForm({ hasPassword, onChanged, onCancel, needsReauthentication }: Omit<Props, 'opened'>) {
  const form = useFields({ currentPassword: '', newPassword: '' })
  const change = useMutation({
    ...trpc.account.changePassword.mutationOptions({ gcTime: secretGcTime }),
    onSuccess: onChanged,
    onError: (error, input) => {
      if (!needsReauthentication(error, () => change.mutate(input))) form.refuse(fieldFaults(error))
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (change.isPending) return
    change.reset()
    const current = Password.safeParse(form.values.currentPassword)
    const next = NewPassword.safeParse(form.values.newPassword)
    const at = (field: string, { success, error }: { success: boolean; error?: { issues: { message: string }[] } }) =>
      success ? [] : (error?.issues ?? []).map(({ message }) => ({ field, message }))
    if (form.refuse([...(hasPassword ? at('currentPassword', current) : []), ...at('newPassword', next)])) return
    change.mutate({ newPassword: next.data ?? '', ...(hasPassword && { currentPassword: current.data }) })
  }
  const isAtField = change.error && fieldFaults(change.error).length > 0
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        <Text>
          {hasPassword
            ? 'You stay signed in here, and are signed out on all your other devices. Your API keys go on working.'
            : 'With it you can sign in by your e-mail address too. Your other ways to sign in stay.'}
        </Text>
        {hasPassword && (
          <PasswordField
            data-autofocus
            label="Current password"
            autoComplete="current-password"
            {...form.field('currentPassword')}
          />
        )}
        <NewPasswordField
          data-autofocus={hasPassword ? undefined : true}
          label="New password"
          {...form.field('newPassword')}
        />
        <FormFailure title="The password was not changed" error={isAtField ? null : change.error} />
      </Stack>
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={change.isPending}>
          {hasPassword ? 'Change password' : 'Set password'}
        </Button>
      </Group>
    </form>
  )
}

/** Signed in they are: what is wrong is the password that they gave for the one of now. */
function fieldFaults(error: unknown): FieldFault[] {
  const { code, details } = toPlinthError(error)
  return code === 'WRONG_CREDENTIALS' ? [{ field: 'currentPassword', message: 'This is not your password' }] : details
}
