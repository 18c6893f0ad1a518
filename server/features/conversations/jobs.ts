import type { Job } from '../../platform/jobs/recurring.ts'
import { failAbandoned } from './answers.ts'

/** Where there is no assistant any more too: what it was saying when there was is given up as well. */
export const giveUpAbandonedAnswers: Job = {
  name: 'give up abandoned answers',
  everyMs: 5_000,
  work: failAbandoned,
}
