import { useNavigate, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { returningTo } from './sign-in-link.ts'

/** In place of a page that is for signed-in people only. `andBack`: to this page, once they are. */
export function LeadToSignIn({ andBack }: { andBack: boolean }) {
  const navigate = useNavigate()
  const router = useRouter()
  // Once: underway, the address is already another, and this is still on the screen.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above.
  useEffect(() => {
    const here = router.state.location
    if (here.pathname === '/sign-in') return
    void navigate({ to: '/sign-in', search: andBack ? returningTo(here) : {}, replace: true })
  }, [])
  return null
}
