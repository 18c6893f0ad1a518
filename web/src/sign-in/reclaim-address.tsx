/** For whoever did not register the account that has their address. Asked once more: it cannot be taken back. */
import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { errorCode } from '../../../client/plinth.ts'
import type { Verification } from '../../../shared/auth.ts'
import { FormFailure } from '../failure/form-failure.tsx'
import { ConfirmDialog } from '../page/confirm-dialog.tsx'
import { trpc } from '../plinth.ts'
import type { Outcome } from './mail/verify-email-page.tsx'

interface Props {
  token: string
  account: Verification
  onEnd: (as: Outcome) => void
}

export function ReclaimAddress({ token, account: { email, username, displayName }, onEnd }: Props) {
  const [isAsking, setAsking] = useState(false)
  const reclaim = useMutation({
    ...trpc.auth.reclaimAddress.mutationOptions(),
    onSuccess: () => onEnd('reclaimed'),
    onError: (error) => {
      setAsking(false)
      if (errorCode(error) === 'ONE_TIME_TOKEN_INVALID') onEnd('refused')
    },
  })
  return (
    <>
      <FormFailure title="The address was not taken back" error={reclaim.error} />
      <Button size="md" fullWidth variant="default" onClick={() => setAsking(true)}>
        I did not register
      </Button>
      <ConfirmDialog
        asked={{
          question: 'Take the address back?',
          consequence: `The user who registered ${username ?? displayName} is signed out everywhere, and no password or sign-in method of theirs works any more. The account and ${email} are yours.`,
          confirm: 'Take it back',
        }}
        opened={isAsking}
        isPending={reclaim.isPending}
        onConfirm={() => reclaim.mutate({ token })}
        onCancel={() => setAsking(false)}
      />
    </>
  )
}
