export interface Deadline {
  /** In milliseconds. */
  until: number
  /** The user chose at sign-out to keep it. */
  isChosen: boolean
}

/** By the ids of users. */
export type Deadlines = Record<string, Deadline>

export const leftForMs = 7 * 24 * 3_600_000

/**
 * Which of the `owners` of unsent work lose it now, and the deadlines of the others. The user who is signed in has
 * no deadline. `signedInId`: null for anonymous.
 */
export function reviewLeft(before: Deadlines, owners: Iterable<string>, signedInId: string | null, nowMs: number) {
  const deadlines: Deadlines = {}
  const overdue: string[] = []
  for (const owner of owners) {
    if (owner === signedInId) continue
    const { until, isChosen } = before[owner] ?? { until: nowMs + leftForMs, isChosen: false }
    if (until <= nowMs || (signedInId !== null && !isChosen)) overdue.push(owner)
    // The clock of a device can be set back, and then nothing would be overdue.
    else deadlines[owner] = { until: Math.min(until, nowMs + leftForMs), isChosen }
  }
  return { deadlines, overdue }
}
