/** The user's own profile with its settings. A change shows at once; changes are sent one after the other, so the last one is stored last. */
import { useMutation } from '@tanstack/react-query'
import type { PrivacySettings, Profile } from '../../../shared/profiles.ts'
import { isSignedIn } from '../account/account-queries.ts'
import { plinth, queryClient, trpc } from '../plinth.ts'
import { announce } from '../toasts/announcer.tsx'
import { showFailure } from '../toasts/toasts.tsx'

export const profileQuery = trpc.account.profile.queryOptions()

export const prefetchProfile = () => {
  if (isSignedIn()) void queryClient.prefetchQuery(profileQuery)
}

export interface ProfileChange {
  timezone?: string
  privacySettings?: Partial<PrivacySettings>
}

const store = (update: (profile: Profile) => Profile) =>
  queryClient.setQueryData(profileQuery.queryKey, (profile) => profile && update(profile))

const mutationKey = ['change profile']

/** `what` begins the announcement, such as "Privacy". */
export function useChangeProfile(what: string) {
  const { mutate, isPending } = useMutation({
    mutationKey,
    scope: { id: mutationKey.join() },
    mutationFn: (change: ProfileChange) => plinth.account.updateProfile.mutate(change),
    onSuccess: (saved) => {
      // While others wait, the page shows what they change as well.
      if (queryClient.isMutating({ mutationKey }) === 1) store(() => saved)
      announce(`${what} saved`)
    },
    onError: (error) => {
      showFailure(`${what} not saved`, error)
      return queryClient.invalidateQueries({ queryKey: profileQuery.queryKey })
    },
  })
  // Before `mutate`, which begins later: the page shows at once what was clicked.
  const change = (wanted: ProfileChange) => {
    void queryClient.cancelQueries({ queryKey: profileQuery.queryKey })
    store((profile) => ({
      ...profile,
      ...wanted,
      privacySettings: { ...profile.privacySettings, ...wanted.privacySettings },
    }))
    mutate(wanted)
  }
  return { change, isPending }
}
