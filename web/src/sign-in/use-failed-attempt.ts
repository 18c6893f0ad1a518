import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect } from 'react'
import { isErrorCode, messageFor } from '../../../client/errors.ts'
import { showProblem } from '../toasts/toasts.tsx'

/** Tells once how the attempt failed that led here, and takes it out of the address, so that a reload does not repeat it. */
export function useFailedAttempt() {
  const { error, requestId } = useSearch({ from: '/sign-in' })
  const navigate = useNavigate()
  useEffect(() => {
    if (!error) return
    const code = isErrorCode(error) ? error : 'SIGN_IN_FAILED'
    showProblem('You are not signed in', messageFor(code), { code, requestId: requestId ?? null })
    void navigate({ to: '/sign-in', search: ({ returnTo }) => ({ returnTo }), replace: true })
  }, [error, requestId, navigate])
}
