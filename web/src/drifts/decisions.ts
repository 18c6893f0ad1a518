/**
 * What this person has decided and the server has not confirmed: on its way, refused, or overtaken by somebody else's decision. The drift
 * itself changes by the server's word alone.
 */
import { errorCode, type PlinthError, toPlinthError } from '../../../client/plinth.ts'
import type { Decision, DriftSummary } from '../../../shared/drifts.ts'
import { Store } from '../live/store.ts'
import { lookAgain, plinth, queryClient } from '../plinth.ts'
import { decisionQuery, driftQuery, reloadDrift } from './drift-queries.ts'

export type Verdict = 'approve' | 'reject'

export type Attempt = { verdict: Verdict; reason: string } & (
  | { state: 'sending' }
  | { state: 'refused'; error: PlinthError }
  /** Null when who was first could not be asked. */
  | { state: 'overtaken'; decision: Decision | null }
)

export type Attempts = Readonly<Record<string, Attempt>>

export class Decisions extends Store<{ attempts: Attempts }> {
  readonly #myId: string
  readonly #put: (drift: DriftSummary) => void

  constructor(myId: string, put: (drift: DriftSummary) => void) {
    super({ attempts: {} })
    this.#myId = myId
    this.#put = put
  }

  /** Null when it is decided as wanted, else what became of it. Never throws. */
  async decide(driftId: string, verdict: Verdict, reason: string): Promise<Attempt | null> {
    if (this.now().attempts[driftId]?.state === 'sending') return null
    const keep = (attempt: Attempt | null) => {
      this.#keep(driftId, attempt)
      return attempt
    }
    keep({ verdict, reason, state: 'sending' })
    try {
      const drift =
        verdict === 'approve'
          ? await plinth.drifts.approve.mutate({ driftId, ...(reason && { reason }) })
          : await plinth.drifts.reject.mutate({ driftId, reason })
      this.#put(drift)
      queryClient.setQueryData(driftQuery(driftId).queryKey, (before) => before && { ...before, ...drift })
      reloadDrift(driftId)
      return keep(null)
    } catch (error) {
      lookAgain(error)
      if (errorCode(error) !== 'ALREADY_DECIDED')
        return keep({ verdict, reason, state: 'refused', error: toPlinthError(error) })
      const decision = await this.#lookAtOther(driftId)
      // It was this very one, whose answer was lost.
      const isMine = decision?.decidedBy?.id === this.#myId && decision.status === verdictStatus[verdict]
      return keep(isMine ? null : { verdict, reason, state: 'overtaken', decision })
    }
  }

  discard(driftId: string) {
    this.#keep(driftId, null)
  }

  async #lookAtOther(driftId: string): Promise<Decision | null> {
    const [drift, decision] = await Promise.all([
      queryClient.fetchQuery({ ...driftQuery(driftId), staleTime: 0 }).catch(() => null),
      queryClient.fetchQuery({ ...decisionQuery(driftId), staleTime: 0 }).catch(() => null),
    ])
    if (drift) this.#put(drift)
    return decision
  }

  #keep(driftId: string, attempt: Attempt | null) {
    const { [driftId]: _, ...others } = this.now().attempts
    this.become({ attempts: attempt ? { ...others, [driftId]: attempt } : others })
  }
}

const verdictStatus = { approve: 'approved', reject: 'rejected' } as const
