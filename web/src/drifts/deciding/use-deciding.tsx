/** Decisions from the list: on the selected drifts, or on the one that the keyboard is at. */
import { useNetwork } from '@mantine/hooks'
import { useState } from 'react'
import { hasCapability } from '../../../../shared/capabilities.ts'
import type { DriftSummary } from '../../../../shared/drifts.ts'
import { useSession } from '../../session/session.ts'
import { useReview } from '../drift-review.tsx'
import { driftsWords, resourceWords } from '../drift-words.ts'
import { isRowFocused } from '../list/drift-row.tsx'
import type { Selection } from '../list/use-selection.ts'
import type { Verdict } from './decisions.ts'
import { isDialogOpen } from './open-dialog.ts'
import { ReasonDialog } from './reason-dialog.tsx'
import { showOutcome, tellNotNow, tellRefusal, whyNotNow } from './refusals.ts'
import { offerUndo } from './undo-decisions.ts'

interface Options {
  rows: readonly DriftSummary[]
  selection: Selection
  activeIndex: number
  onDecided: (driftIds: readonly string[]) => void
  onUndone: (driftId: string) => void
}

export function useCanDecide(): boolean {
  const session = useSession()
  return session.state === 'signed-in' && hasCapability(session.person.role, 'drift:decide')
}

export function useDeciding({ rows, selection, activeIndex, onDecided, onUndone }: Options) {
  const { decisions } = useReview()
  const session = useSession()
  const isSignedIn = session.state === 'signed-in'
  const me = 'person' in session ? session.person : null
  const { online } = useNetwork()
  const [rejecting, setRejecting] = useState<{ ids: readonly string[]; subject: string } | null>(null)
  const [isAsking, setAsking] = useState(false)
  const whyNot = (status: DriftSummary['status']) => whyNotNow({ status, me, isSignedIn, online })

  const decide = async (driftIds: readonly string[], verdict: Verdict, reason: string) => {
    const [first] = driftIds
    if (first === undefined) return
    onDecided(driftIds)
    if (driftIds.length === 1) {
      const attempt = await decisions.decide(first, verdict, reason)
      if (!attempt) return offerUndo(decisions, driftIds, verdict, onUndone)
      tellRefusal(attempt, me)
      if (attempt.state === 'overtaken') decisions.discard(first)
      return
    }
    selection.clear()
    const { done, failed } = await decisions.decideMany(driftIds, verdict, reason)
    if (done.length > 0) offerUndo(decisions, done, verdict, onUndone)
    showOutcome(verdict, failed, me)
  }

  const begin = (verdict: Verdict) => {
    if (isDialogOpen()) return
    const active = rows[activeIndex]
    const isActive = active !== undefined && isRowFocused(active.id)
    const { ids } = selection
    if (ids.length === 0 && (!isActive || decisions.now().attempts[active.id]?.state === 'sending')) return
    const reason = whyNot(ids.length > 0 ? 'pending' : (active?.status ?? 'pending'))
    if (reason) return tellNotNow(verdict, reason)
    const chosen = ids.length > 0 ? ids : active ? [active.id] : []
    if (verdict === 'approve') return void decide(chosen, verdict, '')
    const only = chosen.length === 1 ? rows.find(({ id }) => id === chosen[0]) : undefined
    const subject = only ? `“${resourceWords(only.resource)}”` : driftsWords(chosen.length)
    setRejecting({ ids: chosen, subject })
    // It has to be rendered, closed, before it opens: only then does it give the focus back.
    requestAnimationFrame(() => setAsking(true))
  }

  // Also while the dialog fades.
  const row = rejecting?.ids.length === 1 ? rows.find(({ id }) => id === rejecting.ids[0]) : undefined
  const dialog = rejecting && (
    <ReasonDialog
      subject={rejecting.subject}
      verdict="reject"
      opened={isAsking}
      whyNot={whyNot(row?.status ?? 'pending')}
      onClose={() => setAsking(false)}
      onDecide={(reason) => void decide(rejecting.ids, 'reject', reason)}
    />
  )
  return { begin, decide, dialog }
}
