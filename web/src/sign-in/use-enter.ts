import { useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useSession } from '../session/session.ts'
import { useReturnTo } from './sign-in-search.ts'

/** Leads whoever is signed in, or has just become so, on to where they wanted to go. `wait` while the page has something to tell. */
export function useEnter(wait = false): { isEntering: boolean } {
  const router = useRouter()
  const { returnTo } = useReturnTo()
  const isEntering = useSession().state === 'signed-in' && !wait
  useEffect(() => {
    if (isEntering) router.history.replace(returnTo)
  }, [isEntering, returnTo, router])
  return { isEntering }
}
