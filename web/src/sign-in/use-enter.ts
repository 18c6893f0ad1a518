import { useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { hasNoNames } from '../../../shared/account.ts'
import { useSession } from '../session/session.ts'
import { useReturnTo } from './sign-in-search.ts'

/**
 * Leads the signed-in user to `returnTo`, and a user without names first to the page that asks for them. `wait` while the page has
 * something to show.
 */
export function useEnter(wait = false): { isEntering: boolean } {
  const router = useRouter()
  const session = useSession()
  const { returnTo } = useReturnTo()
  const isEntering = session.state === 'signed-in' && !wait
  const asksForNames = session.state === 'signed-in' && hasNoNames(session.person)
  useEffect(() => {
    if (!isEntering) return
    if (asksForNames) void router.navigate({ to: '/choose-names', search: { returnTo }, replace: true })
    else router.history.replace(returnTo)
  }, [isEntering, asksForNames, returnTo, router])
  return { isEntering }
}
