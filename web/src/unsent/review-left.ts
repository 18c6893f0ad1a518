export interface Deadline {
  /** In milliseconds. */
  until: number
  /** The user said at sign-out that it is to be kept. */
  isChosen: boolean
}

/** By the ids of users. */
export type Deadlines = Record<string, Deadline>

export const leftForMs = 7 * 24 * 3_600_000

/**
 * Whose is to be deleted of the `owners` of something unsent, and the deadlines of the others but for the user who is signed in, whose
 * stays for as long as it takes. `signedInId`: null for nobody.
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
