/** A call that the server refused, where what it was to change is shown: why, and what can be done. */
import type { ReactNode } from 'react'
import type { StoredEntry } from '../../../client/outbox.ts'
import { RefusalBox, RefusalChoices } from '../failure/refusal.tsx'
import { outbox } from './outbox.ts'

interface Props {
  entry: Pick<StoredEntry, 'id' | 'refusal'> | null | undefined
  canSend: boolean
  /** In place of the reason alone. */
  children?: ReactNode
  role?: 'alert'
}

/** Nothing for a call that is not refused. */
export function RefusedCall({ entry, canSend, children, role }: Props) {
  if (!entry?.refusal) return null
  const { id, refusal } = entry
  return (
    <RefusalBox {...(role && { role })}>
      {children ?? <p>{refusal.message}</p>}
      <RefusalChoices
        refusal={refusal}
        canSend={canSend}
        onTryAgain={() => void outbox.tryAgain(id)}
        onDiscard={() => void outbox.discard(id)}
      />
    </RefusalBox>
  )
}
