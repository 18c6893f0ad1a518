/** Waits for conditions, never for a time: polls until something holds, and says what did not when it takes too long. */
import { setTimeout as delay } from 'node:timers/promises'

/** The first truthy answer of `look`, whose throws count as "not yet". @throws after `deadlineMs`, naming `what` */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  deadlineMs = 120_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + deadlineMs
  let last: unknown
  // Most of what is waited for is there within moments.
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 20)) {
    try {
      const answer = await look()
      if (answer) return answer
      last = answer
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`, { cause: last })
    await delay(pauseMs)
  }
}
