import { useNavigate } from '@tanstack/react-router'
import { leftWords } from '../offline/entry-words.ts'
import { outbox } from '../offline/outbox.ts'
import { signOut } from '../session/session.ts'
import { announce } from '../toasts/announcer.tsx'
import { showFailure } from '../toasts/toasts.tsx'

/** Signs out and goes to the sign-in page; says so if it did not work, and then nothing has changed. */
export function useSignOut() {
  const navigate = useNavigate()
  return async () => {
    try {
      await signOut()
      const left = outbox.entries.length
      announce(left === 0 ? 'You are signed out.' : `You are signed out. ${leftWords(left, outbox.durable)}`)
      await navigate({ to: '/sign-in' })
    } catch (error) {
      showFailure('You are still signed in', error)
    }
  }
}
