import { useNavigate, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useSession } from './session.ts'
import { returningTo } from './sign-in-link.ts'

/** In place of a page for signed-in users only: leads to sign-in, and back afterwards, but not after a deliberate sign-out. */
export function LeadToSignIn() {
  const session = useSession()
  const andBack = !(session.state === 'signed-out' && session.reason === 'signed-out')
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
