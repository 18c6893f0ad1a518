/** Asks to confirm an address until that is done, or until the person has put it off for this visit. */
import { useState } from 'react'
import { useResendVerification } from '../account/profile/use-resend-verification.ts'
import { useSession } from '../session/session.ts'

/** The user who dismissed the notice for now. */
const key = 'plinth-address-later'

/** Storage can be forbidden; then the notice comes back with the next load. */
function putOff(): string | null {
  try {
    return sessionStorage.getItem(key)
  } catch {
    return null
  }
}

export function useAddressNotice() {
  const session = useSession()
  const resend = useResendVerification()
  const [later, setLater] = useState(putOff)
  if (session.state !== 'signed-in' || session.person.emailVerified || session.person.id === later) return null
  const { id, email } = session.person
  if (email === null) return null
  return {
    email,
    isSending: resend.isPending,
    sendAgain: () => resend.mutate({ email }),
    putOff: () => {
      setLater(id)
      try {
        sessionStorage.setItem(key, id)
      } catch {
        // See above.
      }
    },
  }
}
