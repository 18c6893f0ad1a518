/** Runs schedules one after the other in this process, whose time and random numbers are virtual from here on. */
import './virtual-globals.ts'
import type { Plan } from './plan.ts'
import { type Outcome, Run } from './run.ts'
import type { Task } from './world.ts'

let run: Run | null = null
// Errors of a page are thrown without a handler, as are errors that the server does not catch.
const uncaught = (error: unknown) => run?.checks.report('process', `uncaught: ${(error as Error)?.stack ?? error}`)
process.on('uncaughtException', uncaught).on('unhandledRejection', uncaught)

export async function play(plan: Plan, onTask: ((task: Task) => void) | null = null): Promise<Outcome> {
  run = new Run(plan, onTask)
  try {
    return await run.play()
  } finally {
    run = null
  }
}

/** Leaves out one step at a time as long as the same failure remains, within so many runs. */
export async function shortened(plan: Plan, most: number): Promise<{ plan: Plan; outcome: Outcome }> {
  let best = { plan, outcome: await play(plan) }
  const kinds = new Set(best.outcome.found.map(({ kind }) => kind))
  let runs = 0
  const tryOne = async (smaller: Plan): Promise<boolean> => {
    if (runs++ >= most) return false
    const outcome = await play(smaller)
    const isSame = outcome.found.some(({ kind }) => kinds.has(kind))
    if (isSame) best = { plan: smaller, outcome }
    return isSame
  }
  for (let size = Math.ceil(plan.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.plan.steps.length; ) {
      const steps = best.plan.steps.toSpliced(at, size)
      if (!(await tryOne({ ...best.plan, steps }))) at += size
    }
  }
  for (let n = best.plan.pages.length - 1; n >= 0 && best.plan.pages.length > 1; n--)
    await tryOne({ ...best.plan, pages: best.plan.pages.toSpliced(n, 1) })
  for (let n = best.plan.readers.length - 1; n >= 0; n--)
    await tryOne({ ...best.plan, readers: best.plan.readers.toSpliced(n, 1) })
  return best
}
