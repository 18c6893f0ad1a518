/** Schedules that found a fault, and the proof that a seed suffices to replay one. In processes of their own, whose clocks are virtual. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

// These seeds depend on planOf: when it changes, other seeds find the faults of server/test/mutants/simulation-faults.ts.
const known = [
  ['a database that lost its newest commits', 16],
  ['a burst of events larger than what a reader may have waiting', 7],
  ['numbers that are restarted while a page is read', 122],
  ['a channel that takes long to open', 1856],
  ['a database that answers too late for what comes before a cursor', 3402],
  ['a browser whose storage cannot be read for a while', 101],
] as const

const run = promisify(execFile)
const main = join(import.meta.dirname, 'main.ts')

/** The lines that begin with a seed. */
async function play(seeds: readonly number[]): Promise<string[]> {
  const { stdout } = await run(process.execPath, [main, '--seed', seeds.join(','), '--whole']).catch((failed) => failed)
  return String(stdout)
    .split('\n')
    .filter((line) => line.startsWith('seed '))
}

const played = play(known.map(([, seed]) => seed))

it('a seed replays exactly, in another process and after other schedules', async () => {
  const [, seed] = known[2]
  const [alone, again] = await play([seed, seed])
  expect(again).toBe(alone)
  expect(await played).toContain(alone)
})

it.each(known)('every promise is kept with %s', async (_name, seed) => {
  expect(await played).toContainEqual(expect.stringMatching(new RegExp(`^seed ${seed}: .* kept every promise`)))
})
