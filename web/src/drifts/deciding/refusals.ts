/** What to say when a decision is not taken: here, before it is sent, or by the server. */
import type { Person, Role } from '../../../../shared/account.ts'
import { hasCapability } from '../../../../shared/capabilities.ts'
import type { Decision, DriftStatus } from '../../../../shared/drifts.ts'
import { roleNames } from '../../account/role-names.ts'
import { actionAdvice } from '../../failure/failure-words.ts'
import { agoWords } from '../../page/time-ago.tsx'
import { showProblem } from '../../toasts/toasts.tsx'
import { driftsWords, statusNames } from '../drift-words.ts'
import { type Attempt, type Outcome, type Verdict, verdictStatus } from './decisions.ts'

export const notDone = { approve: 'The drift was not approved', reject: 'The drift was not rejected' }

const deciders = (Object.keys(roleNames) as Role[])
  .filter((role) => hasCapability(role, 'drift:decide'))
  .map((role) => roleNames[role])
  .join(' or ')

interface Circumstances {
  status: DriftStatus
  me: Person | null
  isSignedIn: boolean
  online: boolean
}

/** Null when a decision can be taken now. */
export function whyNotNow({ status, me, isSignedIn, online }: Circumstances): string | null {
  if (!isSignedIn || !me) return 'Sign in to decide.'
  if (!hasCapability(me.role, 'drift:decide'))
    return `People with the role ${deciders} decide on drifts; yours is ${roleNames[me.role]}. An administrator can change it.`
  if (status !== 'pending') return `It is ${statusNames[status].toLowerCase()} already.`
  if (!online) return 'You are offline. Decide once you are back online, when you see the newest state.'
  return null
}

export const tellNotNow = (verdict: Verdict, reason: string) =>
  showProblem(notDone[verdict], reason, { code: 'NETWORK_ERROR', requestId: null })

/** Such as `Demo admin rejected this drift 2 minutes ago.` */
export function decisionWords(decision: Decision | null, me: Person | null): string {
  if (!decision || decision.status === 'pending') return 'Another user was first.'
  const { status, decidedBy, decidedAt } = decision
  if (status === 'resolved') return 'It is back in its expected state, so there is nothing left to decide.'
  const who = decidedBy === null ? 'Another user' : decidedBy.id === me?.id ? 'You' : decidedBy.displayName
  return `${who} ${status} this drift ${decidedAt ? agoWords(decidedAt, Date.now()) : 'already'}.`
}

export function refusalWords(attempt: Attempt, me: Person | null): string {
  if (attempt.state === 'overtaken') return `${decisionWords(attempt.decision, me)} Your decision was not recorded.`
  if (attempt.state !== 'refused') return ''
  if (attempt.error.code === 'NETWORK_ERROR')
    return 'There was no response, so it is not known whether the decision was recorded. Check once you are back online, or try again.'
  return actionAdvice(attempt.error)
}

export function tellRefusal(attempt: Attempt, me: Person | null) {
  if (attempt.state === 'sending') return
  const failure = attempt.state === 'refused' ? attempt.error : ({ code: 'ALREADY_DECIDED', requestId: null } as const)
  showProblem(notDone[attempt.verdict], refusalWords(attempt, me), failure)
}

/** Of a call about several drifts, what was not done. */
export function showOutcome(verdict: Verdict, failed: Outcome['failed'], me: Person | null) {
  const refused = failed.flatMap(({ attempt }) => (attempt.state === 'refused' ? attempt : []))
  const [first] = refused
  if (first)
    showProblem(`${driftsWords(refused.length)} not ${verdictStatus[verdict]}`, refusalWords(first, me), first.error)
  const late = failed.length - refused.length
  if (late > 0)
    showProblem(
      `${driftsWords(late)} not ${verdictStatus[verdict]}`,
      'They were decided or deleted before. The list shows how.',
      {
        code: 'ALREADY_DECIDED',
        requestId: null,
      },
    )
}
