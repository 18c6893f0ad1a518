import type { AnswerFailure } from '../../../shared/conversations.ts'

/** Why there is no whole answer. */
export class AnswerFault extends Error {
  override name = 'AnswerFault'
  readonly failure: AnswerFailure
  /** `message` is logged: codes alone, since the words of an assistant's server may quote its key, its address or the conversation. */
  constructor(failure: AnswerFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.failure = failure
  }
}
