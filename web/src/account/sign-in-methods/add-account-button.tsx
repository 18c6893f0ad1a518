/** Leads to the provider, where the user chooses the account to add. */
import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { SignInMethod } from '../../../../shared/account.ts'
import { secretGcTime, trpc } from '../../plinth.ts'
import { showFailure } from '../../toasts/toasts.tsx'
import { notAdded } from './use-adding-outcome.ts'

interface Props {
  method: SignInMethod
  isDisabled: boolean
  /** As `needs` of `useReauthentication`. */
  needsReauthentication: (error: unknown, doAgain: () => void) => boolean
}

export function AddAccountButton({ method, isDisabled, needsReauthentication }: Props) {
  const start = useMutation({
    ...trpc.account.identities.startAdding.mutationOptions({ gcTime: secretGcTime }),
    onSuccess: ({ url }) => location.assign(url),
    onError: (error) => {
      if (!needsReauthentication(error, () => start.mutate())) showFailure(notAdded, error)
    },
  })
  return (
    <Button variant="default" disabled={isDisabled} loading={start.isPending} onClick={() => start.mutate()}>
      Add a {method.name} account
    </Button>
  )
}
