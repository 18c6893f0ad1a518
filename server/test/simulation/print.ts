/** Prints the schedule of a seed, for a developer who looks for the fault. */
import { planOf } from './plan.ts'
import { play, shortened } from './play.ts'
import type { Outcome } from './run.ts'
import type { Task } from './world.ts'

const runsToShorten = 300

interface Options {
  /** Prints each task. */
  trace: boolean
  /** Leaves no step out. */
  whole: boolean
}

/** Returns 1 when it fails. */
export async function print(
  seed: number,
  { trace, whole: isWhole }: Options,
  say: (line: string) => void,
): Promise<number> {
  const whole = planOf(seed)
  const onTask = ({ at, node, isTimer, run }: Task) =>
    say(`${at.toFixed(1).padStart(10)} ${node.name.padEnd(14)} ${isTimer ? 'timer ' : ''}${text(run)}`)
  const outcome = await play(whole, trace ? onTask : null)
  if (outcome.found.length === 0) {
    say(
      `seed ${seed}: ${outcome.steps} steps, ${Math.round(outcome.virtualMs)} virtual ms, kept every promise (${outcome.digest})`,
    )
    return 0
  }
  const { plan, outcome: least } = await shortened(whole, isWhole ? 0 : runsToShorten)
  const { steps, ...rest } = plan
  say(`seed ${seed}, ${steps.length} of ${whole.steps.length} steps are enough:`)
  say(`  ${JSON.stringify(rest)}`)
  for (const { atMs, kind, target, ms, n } of steps)
    say(`  ${String(atMs).padStart(6)} ms  ${kind}, ${target}, for ${ms} ms, ${n}`)
  sayFound(least, say)
  return 1
}

function sayFound({ found }: Outcome, say: (line: string) => void) {
  for (const { kind, detail, atMs } of found.slice(0, 10))
    say(`  ${String(Math.round(atMs)).padStart(6)} ms  ${kind.toUpperCase()} ${detail}`)
}

const text = (run: () => void) => String(run).replaceAll(/\s+/g, ' ').slice(0, 90)
