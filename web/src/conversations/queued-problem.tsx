/** A change of the conversation itself that the server refused: why, and what can be done. */
import type { OutboxEntry } from '../../../client/outbox.ts'
import type { QueuedOffline } from '../../../shared/offline.ts'
import { RefusalBox, RefusalChoices } from '../failure/refusal.tsx'
import { outbox } from '../offline/outbox.ts'

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
    <RefusalBox role="alert">
      <p>
        {what} {refusal.message}
      </p>
      <RefusalChoices
        refusal={refusal}
        canSend={canSend}
        onTryAgain={() => void outbox.tryAgain(id)}
        onDiscard={() => void outbox.discard(id)}
      />
    </RefusalBox>
  )
}
