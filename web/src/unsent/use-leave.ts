import { useNavigate } from '@tanstack/react-router'
import { plinth } from '../plinth.ts'
import { signOut } from '../session/session.ts'
import { announce } from '../toasts/announcer.tsx'
import { settleLeft } from './left-behind.ts'

/**
 * Signs out and goes to the sign-in page. `choice`: what happens to unsent work; null if there is none.
 * @throws PlinthError, and then nothing has changed
 */
export function useLeave() {
  const navigate = useNavigate()
  return async (choice: 'keep' | 'discard' | null) => {
    const { id } = plinth.actingAs
    await signOut()
    if (id !== null && choice) await settleLeft(id, choice)
    announce('You are signed out.')
    await navigate({ to: '/sign-in' })
  }
}
