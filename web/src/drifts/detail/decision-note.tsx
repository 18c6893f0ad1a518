/** Above a drift: why it cannot be decided on now, or what became of the decision that this person has just taken. */
import { Button } from '@mantine/core'
import type { Drift } from '../../../../shared/drifts.ts'
import failures from '../../failure/failure.module.css'
import { FailureDetails } from '../../failure/failure-details.tsx'
import type { Attempt } from '../deciding/decisions.ts'
import { notDone, refusalWords } from '../deciding/refusals.ts'
import { useReview } from '../drift-review.tsx'
import classes from './drift-page.module.css'

interface Props {
  drift: Drift
  attempt: Attempt | undefined
  /** Null where there is nothing to say. */
  whyNot: string | null
  onTryAgain: () => void
  onDiscard: () => void
}

export function DecisionNote({ drift, attempt, whyNot, onTryAgain, onDiscard }: Props) {
  const { me } = useReview()
  const failed = attempt && attempt.state !== 'sending' ? attempt : null
  return (
    <>
      {/* The region is there before its words: only so are they all read. */}
      <div role="alert" className={classes.alert}>
        {failed && (
          <div className={failures.form}>
            <strong>{failed.state === 'overtaken' ? 'Already decided' : notDone[failed.verdict]}</strong>
            <p>{refusalWords(failed, me)}</p>
            {failed.reason && <p>Your reason was: “{failed.reason}”</p>}
            {failed.state === 'refused' && <FailureDetails {...failed.error} />}
            <div className={classes.choices}>
              {failed.state === 'refused' && drift.status === 'pending' && (
                <Button size="xs" variant="default" onClick={onTryAgain}>
                  Try again
                </Button>
              )}
              <Button size="xs" variant="subtle" onClick={onDiscard}>
                {failed.state === 'overtaken' ? 'Dismiss' : 'Discard'}
              </Button>
            </div>
          </div>
        )}
      </div>
      {!failed && whyNot && (
        <p className={classes.whyNot} role="note">
          {whyNot}
        </p>
      )}
    </>
  )
}
