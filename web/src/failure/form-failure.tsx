/** Above the button of a form that was refused as a whole: what did not happen, why, and what to do. */
import { toPlinthError } from '../../../client/plinth.ts'
import classes from './failure.module.css'
import { FailureDetails } from './failure-details.tsx'
import { actionAdvice } from './failure-words.ts'

interface Props {
  /** What did not happen, as in `You are not signed in`. */
  title: string
  /** Null while there is nothing to tell. */
  error: unknown
}

export function FormFailure({ title, error }: Props) {
  // The region is there before its words: only so are they all read.
  return (
    <div role="alert">
      {error !== null && error !== undefined && (
        <div className={classes.form}>
          <strong>{title}</strong>
          <p>{actionAdvice(error)}</p>
          <FailureDetails {...toPlinthError(error)} />
        </div>
      )}
    </div>
  )
}
