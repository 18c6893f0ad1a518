/** What to say when something could not be loaded. Failed actions use the server's own message, which fits them. */
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

/** Came from a call to the server, rather than from a fault of the page. */
export const isCallFailure = (error: unknown) =>
  error instanceof PlinthError || (error instanceof Error && error.name === 'TRPCClientError')
