/**
 * What this user has decided and the server has not confirmed: on its way, refused, or decided by another user first. The drift itself
 * changes only by what the server says.
 */
import { errorCode, type PlinthError, toPlinthError } from '../../../../client/plinth.ts'
import { type Decision, type DriftResults, type DriftSummary, driftLimits } from '../../../../shared/drifts.ts'
import { Store } from '../../live/store.ts'
import { lookAgain, plinth, queryClient } from '../../plinth.ts'
import { decisionQuery, driftQuery, reloadDrift } from '../drift-queries.ts'

export type Verdict = 'approve' | 'reject'

export type Attempt = { verdict: Verdict; reason: string } & (
  | { state: 'sending' }
  | { state: 'refused'; error: PlinthError }
  /** Null when the decision of the other user could not be loaded. */
  | { state: 'overtaken'; decision: Decision | null }
)

export type Attempts = Readonly<Record<string, Attempt>>

/** Of a call about several drifts. */
export interface Outcome {
  done: readonly string[]
  failed: readonly { driftId: string; attempt: Attempt }[]
}

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
    const set = (attempt: Attempt | null) => {
      this.#set([driftId], attempt)
      return attempt
    }
    set({ verdict, reason, state: 'sending' })
    try {
      this.#changed(
        verdict === 'approve'
          ? await plinth.drifts.approve.mutate({ driftId, ...(reason && { reason }) })
          : await plinth.drifts.reject.mutate({ driftId, reason }),
      )
      return set(null)
    } catch (error) {
      lookAgain(error)
      if (errorCode(error) !== 'ALREADY_DECIDED')
        return set({ verdict, reason, state: 'refused', error: toPlinthError(error) })
      const decision = await this.#readOther(driftId)
      // It was this very one, whose response was lost.
      const isMine = decision?.decidedBy?.id === this.#myId && decision.status === verdictStatus[verdict]
      return set(isMine ? null : { verdict, reason, state: 'overtaken', decision })
    }
  }

  /** In as few calls as the server allows, one after the other. Those that are on their way already are left out. Never throws. */
  async decideMany(driftIds: readonly string[], verdict: Verdict, reason: string): Promise<Outcome> {
    const wanted = driftIds.filter((driftId) => this.now().attempts[driftId]?.state !== 'sending')
    this.#set(wanted, { verdict, reason, state: 'sending' })
    const done: string[] = []
    const failed: { driftId: string; attempt: Attempt }[] = []
    for (let first = 0; first < wanted.length; first += driftLimits.decisions) {
      const part = wanted.slice(first, first + driftLimits.decisions)
      try {
        const input = { driftIds: part, verdict: verdictStatus[verdict], ...(reason && { reason }) }
        const { results } = await plinth.drifts.decideMany.mutate(input)
        done.push(...this.#takeResults(results))
        for (const { driftId, error } of results) {
          if (!error) continue
          if (error.code === 'ALREADY_DECIDED') void this.#readOther(driftId)
          failed.push({ driftId, attempt: { verdict, reason, state: 'overtaken', decision: null } })
        }
        this.#set(part, null)
      } catch (error) {
        lookAgain(error)
        const attempt = { verdict, reason, state: 'refused', error: toPlinthError(error) } as const
        this.#set(part, attempt)
        failed.push(...part.map((driftId) => ({ driftId, attempt })))
      }
    }
    return { done, failed }
  }

  /** Those that are pending again. @throws PlinthError */
  async undo(driftIds: readonly string[]): Promise<string[]> {
    const undone: string[] = []
    for (let first = 0; first < driftIds.length; first += driftLimits.decisions) {
      const part = driftIds.slice(first, first + driftLimits.decisions)
      undone.push(...this.#takeResults((await plinth.drifts.undoMany.mutate({ driftIds: part })).results))
    }
    return undone
  }

  /** @throws PlinthError */
  async reopen(driftId: string, reason: string): Promise<void> {
    this.#changed(await plinth.drifts.reopen.mutate({ driftId, reason }))
  }

  discard(driftId: string) {
    this.#set([driftId], null)
  }

  #takeResults(results: DriftResults['results']): string[] {
    return results.flatMap(({ driftId, drift }) => {
      if (!drift) return []
      this.#changed(drift)
      return driftId
    })
  }

  #changed(drift: DriftSummary) {
    this.#put(drift)
    queryClient.setQueryData(driftQuery(drift.id).queryKey, (before) => before && { ...before, ...drift })
    reloadDrift(drift.id)
  }

  async #readOther(driftId: string): Promise<Decision | null> {
    const [drift, decision] = await Promise.all([
      queryClient.fetchQuery({ ...driftQuery(driftId), staleTime: 0 }).catch(() => null),
      queryClient.fetchQuery({ ...decisionQuery(driftId), staleTime: 0 }).catch(() => null),
    ])
    if (drift) this.#put(drift)
    return decision
  }

  #set(driftIds: readonly string[], attempt: Attempt | null) {
    const attempts = { ...this.now().attempts }
    for (const driftId of driftIds) {
      if (attempt) attempts[driftId] = attempt
      else delete attempts[driftId]
    }
    this.become({ attempts })
  }
}

export const verdictStatus = { approve: 'approved', reject: 'rejected' } as const
