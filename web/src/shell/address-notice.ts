/** Asks to confirm an address until that is done, or until the person has put it off for this visit. */
import { useState } from 'react'
import { useResendVerification } from '../account/use-resend-verification.ts'
import { useSession } from '../session/session.ts'

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
  const email = session.state === 'signed-in' && !session.person.emailVerified ? session.person.email : null
  if (email === null || email === later) return null
  return {
    email,
    isSending: resend.isPending,
    sendAgain: () => resend.mutate({ email }),
    putOff: () => {
      setLater(email)
      try {
        sessionStorage.setItem(key, email)
      } catch {
        // See above.
      }
    },
  }
}
