/** A change of the conversation itself that the server refused: why, and what can be done. */
import { Button } from '@mantine/core'
import type { OutboxEntry } from '../../../client/outbox.ts'
import type { QueuedOffline } from '../../../shared/offline.ts'
import { FailureDetails } from '../failure/failure-details.tsx'
import { outbox } from '../offline/outbox.ts'
import classes from './message.module.css'

interface Props {
  entry: OutboxEntry<QueuedOffline> | null
  /** What did not happen. */
  what: string
  canSend: boolean
}

export function QueuedProblem({ entry, what, canSend }: Props) {
  if (!entry?.refusal) return null
  const { id, refusal } = entry
  return (
    <div className={classes.refusal} role="alert">
      <p>
        {what} {refusal.message}
      </p>
      <div className={classes.choices}>
        <Button size="xs" variant="default" disabled={!canSend} onClick={() => void outbox.tryAgain(id)}>
          Try again
        </Button>
        <Button size="xs" variant="subtle" color="red" onClick={() => void outbox.discard(id)}>
          Discard
        </Button>
      </div>
      <FailureDetails code={refusal.code} requestId={refusal.requestId} />
    </div>
  )
}
