/** What to say when something could not be loaded or done. */
import { PlinthError, toPlinthError } from '../../../client/plinth.ts'

export interface FailureWords {
  title: string
  advice: string
}

export function loadFailureWords(error: unknown): FailureWords {
  const { code, message } = toPlinthError(error)
  switch (code) {
    case 'NETWORK_ERROR':
      return { title: 'The server cannot be reached', advice: 'Check your connection, then try again.' }
    case 'DATABASE_UNAVAILABLE':
    case 'SERVER_BUSY':
      return { title: 'Plinth cannot answer right now', advice: message }
    case 'FORBIDDEN':
      return { title: 'You are not allowed to see this', advice: 'An administrator can change what you may see.' }
    case 'ACCOUNT_DISABLED':
      return { title: 'This account is disabled', advice: 'Ask an administrator to enable it.' }
    case 'NOT_FOUND':
      return { title: 'There is nothing here', advice: 'It may have been removed, or it is not yours to see.' }
    default:
      return { title: 'This could not be loaded', advice: message }
  }
}

/** The server's own message fits what was done; with the time to wait where it tells one. */
export function actionAdvice(error: unknown): string {
  const { code, message, retryAfterS } = toPlinthError(error)
  if (retryAfterS === null || !(code in tooOften)) return message
  return `${tooOften[code as keyof typeof tooOften]} Try again in ${waitWords(retryAfterS)}.`
}

const tooOften = {
  RATE_LIMITED: 'That was too often.',
  TOO_MANY_ATTEMPTS: 'That was tried too many times.',
}

/** Never less than there is to wait. */
export function waitWords(seconds: number): string {
  if (seconds <= 1) return 'a second'
  if (seconds <= 90) return `${Math.ceil(seconds)} seconds`
  const minutes = Math.ceil(seconds / 60)
  return minutes <= 90 ? `${minutes} minutes` : `${Math.ceil(minutes / 60)} hours`
}

/** Came from a call to the server, rather than from a fault of the page. */
export const isCallFailure = (error: unknown) =>
  error instanceof PlinthError || (error instanceof Error && error.name === 'TRPCClientError')
