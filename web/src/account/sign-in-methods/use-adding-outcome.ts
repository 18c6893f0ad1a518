import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect } from 'react'
import { isErrorCode, messageFor } from '../../../../client/errors.ts'
import { textOf } from '../../sign-in/sign-in-search.ts'
import { showDone, showProblem } from '../../toasts/toasts.tsx'

/** Set by the server when it redirects the user back from the provider. */
interface AddingSearch {
  added?: string
  error?: string
  requestId?: string
}

export const readAddingSearch = ({ added, error, requestId }: Record<string, unknown>): AddingSearch => ({
  added: textOf(added),
  error: textOf(error),
  requestId: textOf(requestId),
})

export const notAdded = 'The account was not added'

/** Shows the outcome once, and removes it from the address, so that a reload does not repeat it. */
export function useAddingOutcome() {
  const { added, error, requestId } = useSearch({ from: '/account/sign-in-methods' })
  const navigate = useNavigate()
  useEffect(() => {
    if (!added && !error) return
    if (error) {
      const code = isErrorCode(error) ? error : 'SIGN_IN_FAILED'
      showProblem(notAdded, messageFor(code), { code, requestId: requestId ?? null })
    } else showDone('Sign-in method added')
    void navigate({ to: '/account/sign-in-methods', search: {}, replace: true })
  }, [added, error, requestId, navigate])
}
