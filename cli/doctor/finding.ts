import { AppError } from '../../server/platform/errors/app-error.ts'

/** What doctor says of one thing. `says` is for the operator: what is so and, where it should not be, what to do. Never a setting's value. */
export interface Finding {
  readonly check: string
  /** `skipped`: something else is in the way of looking. */
  readonly state: 'ok' | 'warning' | 'fault' | 'skipped'
  readonly says: string
}

export type State = Finding['state']

export const finding = (check: string, state: State, says: string): Finding => ({ check, state, says })

/** For what a look may come across: codes and a word of the system, which hold no secret. */
export function reasonOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    // One of ours says less than its cause.
    if (!(cause instanceof AppError) && 'code' in cause && typeof cause.code === 'string') return cause.code
    if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return reasonOf(cause.errors[0])
    if (cause.name === 'TimeoutError') return 'no answer in time'
    if (!(cause.cause instanceof Error)) return cause.message
  }
  return String(error)
}
