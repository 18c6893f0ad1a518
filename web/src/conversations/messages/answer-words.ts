/** What to say of an answer that was not finished: what happened, and what may help. */
import type { AnswerFailure } from '../../../../shared/conversations.ts'

export const failureWords: Record<AnswerFailure, string> = {
  unreachable: 'The assistant cannot be reached at the moment.',
  refused: 'The assistant answered with an error. If that goes on, tell an administrator.',
  busy: 'The assistant has too much to do. Wait a minute, then try again.',
  cut: 'The answer broke off before it was whole.',
  empty: 'The assistant said nothing.',
  'too-long': 'The answer became longer than a message may be. Ask for less at a time.',
  interrupted: 'The server stopped while it wrote the answer down.',
}
