/**
 * `npm run test:simulation`: the live core in virtual time, one schedule of work and faults for each seed. Ends with 1 when one breaks a promise,
 * and prints it with its seed, shortened; with 64 when it is called wrongly.
 *
 *     npm run test:simulation                         2,000 schedules
 *     npm run test:simulation -- --schedules 100000
 *     npm run test:simulation -- --seed 13,4711       those alone, printed task by task with --trace, not shortened with --whole
 */
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Report } from './worker.ts'

const atOnce = Math.min(8, availableParallelism())
/** One of so many schedules is run twice, to check that a seed replays exactly. */
const replayEvery = 50
const shownAtMost = 5

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    whole: { type: 'boolean', default: false },
  },
})
const say = (line: string) => void process.stdout.write(`${line}\n`)
const [schedules, from] = [Number(values.schedules), Number(values.from)]
const seeds = values.seed?.split(',').map(Number) ?? []
if (![schedules, from, ...seeds].every((number) => Number.isInteger(number) && number >= 0)) {
  process.stderr.write('seeds and numbers of schedules are whole numbers\n')
  process.exit(64)
}
process.exit(seeds.length > 0 ? await runEach(seeds) : await runAll())

async function runAll(): Promise<number> {
  const began = performance.now()
  const sum = { schedules: 0, steps: 0, virtualMs: 0 }
  const failed: number[] = []
  const unequal: number[] = []
  const shares = Array.from({ length: atOnce }, (_, n) =>
    share({ from: from + n, to: from + schedules - 1, every: atOnce, replayEvery }, (report) => {
      if (report.type === 'failed') failed.push(report.seed)
      else if (report.type === 'unequal') unequal.push(report.seed)
      else for (const key of ['schedules', 'steps', 'virtualMs'] as const) sum[key] += report[key]
    }),
  )
  const codes = await Promise.all(shares)
  const seconds = Math.round((performance.now() - began) / 1000)
  say(
    `${sum.schedules} schedules, ${sum.steps} steps, ${Math.round(sum.virtualMs / 3_600_000)} virtual hours, ${failed.length} failed, in ${seconds} s`,
  )
  for (const one of unequal) say(`seed ${one} does not replay`)
  if (failed.length > 0) {
    say(
      `failed: ${failed
        .sort((a, b) => a - b)
        .slice(0, 50)
        .join(' ')}`,
    )
    await runEach(failed.slice(0, shownAtMost))
  }
  const isWell =
    failed.length + unequal.length === 0 && sum.schedules === schedules && codes.every((code) => code === 0)
  return isWell ? 0 : 1
}

/** Resolves to the exit code. */
function share(given: object, onReport: (report: Report) => void): Promise<number | null> {
  const child = fork(join(import.meta.dirname, 'worker.ts'), [JSON.stringify(given)], { stdio: 'inherit' })
  child.on('message', onReport)
  return new Promise((resolve) => child.once('exit', resolve))
}

/** In this process, whose clock is virtual from here on. Prints each, shortened to the steps that still fail. */
async function runEach(seeds: number[]): Promise<number> {
  const { print } = await import('./print.ts')
  let worst = 0
  for (const one of seeds) worst = Math.max(worst, await print(one, values, say))
  return worst
}
