/** Schedules that found a fault, and that a seed is all it takes to run one again. In processes of their own, whose clocks are virtual. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)
const play = async (...seeds: number[]) => {
  const main = join(import.meta.dirname, 'main.ts')
  const { stdout } = await run(process.execPath, [main, '--seed', seeds.join(',')]).catch((failed) => failed)
  return String(stdout).trim().split('\n')
}
const kept = (seed: number) => expect.stringMatching(new RegExp(`^seed ${seed}: .* kept every promise`))

it('a seed replays exactly', async () => {
  const [[first], [second], [other]] = await Promise.all([play(13), play(13), play(14)])
  expect(first).toEqual(kept(13))
  expect(second).toBe(first)
  expect(other?.split('(')[1]).not.toBe(first?.split('(')[1])
})

// Of planOf as it is: where it changes, other seeds find the faults of server/test/mutants/simulation-faults.ts.
it.each([
  ['a database that lost its newest commits', 16],
  ['a burst of events larger than what a reader may have waiting', 7],
  ['numbers that are restarted while a page is read', 122],
  ['a channel that takes long to open', 1122],
  ['a database that answers too late for what comes before a cursor', 613],
  ['a browser whose storage cannot be read for a while', 276],
])('every promise is kept with %s', async (_name, seed) => {
  expect(await play(seed)).toEqual([kept(seed)])
})
