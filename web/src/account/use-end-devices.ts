import { useMutation } from '@tanstack/react-query'
import { errorCode } from '../../../client/plinth.ts'
import { queryClient, trpc } from '../plinth.ts'
import { showDone, showFailure } from '../toasts/toasts.tsx'
import { devicesQuery } from './account-queries.ts'

/** Ends sessions and has the list loaded again. `onEnded` runs once one is gone, by us or before us. */
export function useEndDevices(onEnded: () => void) {
  const reload = () => queryClient.invalidateQueries({ queryKey: devicesQuery.queryKey })
  const endOne = useMutation({
    ...trpc.account.sessions.revoke.mutationOptions(),
    onSuccess: async () => {
      await reload()
      onEnded()
      showDone('Session ended')
    },
    onError: async (error) => {
      if (errorCode(error) !== 'NOT_FOUND') return showFailure('The session was not ended', error)
      await reload()
      onEnded()
      showDone('That session had already ended')
    },
  })
  const endOthers = useMutation({
    ...trpc.account.sessions.revokeOthers.mutationOptions(),
    onSuccess: async ({ ended }) => {
      await reload()
      onEnded()
      showDone(ended === 1 ? 'Signed out on 1 other device' : `Signed out on ${ended} other devices`)
    },
    onError: (error) => showFailure('Your other devices are still signed in', error),
  })
  return { endOne, endOthers }
}
