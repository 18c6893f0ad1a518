/** What the server would not take stays, with the reason, until somebody has it tried again or lets it be. */
import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './failure.module.css'
import { FailureDetails } from './failure-details.tsx'

/** `role`: `alert` where nothing else says it aloud. */
export function RefusalBox({ role, children }: { role?: 'alert'; children: ReactNode }) {
  return (
    <div className={classes.refusal} role={role}>
      {children}
    </div>
  )
}

interface ChoicesProps {
  refusal: { code: string; requestId: string | null }
  canSend?: boolean | undefined
  onTryAgain: () => void
  onDiscard: () => void
}

export function RefusalChoices({ refusal: { code, requestId }, canSend = true, onTryAgain, onDiscard }: ChoicesProps) {
  return (
    <>
      <div className={classes.choices}>
        <Button size="xs" variant="default" disabled={!canSend} onClick={onTryAgain}>
          Try again
        </Button>
        <Button size="xs" variant="subtle" color="red" onClick={onDiscard}>
          Discard
        </Button>
      </div>
      <FailureDetails code={code} requestId={requestId} />
    </>
  )
}
