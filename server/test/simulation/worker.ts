/** Runs a share of the schedules in a process of its own, and sends their failures and totals to the parent. */
import { planOf } from './plan.ts'
import { play } from './play.ts'

/** From worker to main. */
export type Report =
  | { type: 'failed'; seed: number }
  | { type: 'unequal'; seed: number }
  | { type: 'done'; schedules: number; steps: number; virtualMs: number }

interface Share {
  from: number
  to: number
  every: number
  replayEvery: number
}

// Stacks are not read here, and they are most of the cost of an error.
Error.stackTraceLimit = 0
const { from, to, every, replayEvery } = JSON.parse(process.argv[2] as string) as Share
const send = (report: Report) => process.send?.(report)
const sum = { schedules: 0, steps: 0, virtualMs: 0 }
for (let seed = from; seed <= to; seed += every) {
  const { found, digest, steps, virtualMs } = await play(planOf(seed))
  if (found.length > 0) send({ type: 'failed', seed })
  sum.schedules++
  sum.steps += steps
  sum.virtualMs += virtualMs
  if (seed % replayEvery === 0 && (await play(planOf(seed))).digest !== digest) send({ type: 'unequal', seed })
}
send({ type: 'done', ...sum })
process.disconnect?.()
