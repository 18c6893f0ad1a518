/**
 * `npm run test:hostile`: requests made to break the server, thousands of them, by every door and on either database. Ends with 1 and the
 * seed when one of them did harm. Bounded in number and in time, on this machine alone.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { packageFolder } from '../../platform/config/package-folder.ts'
import { program } from '../chaos/instance.ts'
import { type DatabaseName, databases } from './environment.ts'
import { flood } from './flood.ts'
import { describeFlood, describeStorm } from './report.ts'
import { storm } from './storm.ts'

const { values } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    /** `postgres` or `embedded`; both by default. */
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})
const chosen = databases.filter((database) => values.only === undefined || values.only === database)
if (chosen.length === 0) refuse(`--only is ${databases.join(' or ')}, not "${values.only}"`)
const seed = Number(values.seed)
if (!Number.isSafeInteger(seed)) refuse(`--seed is a whole number, not "${values.seed}"`)

/** Access tokens are good for 15 minutes, and the bystander's streams end with theirs. */
const size = values.long
  ? { requests: 50_000, warmUp: 8000, withinMs: 14 * 60_000 }
  : { requests: 1500, warmUp: 400, withinMs: 3 * 60_000 }

const say = (line: string) => void process.stdout.write(`${line}\n`)
const folder = mkdtempSync(join(tmpdir(), 'plinth-hostile-'))
const stop = new AbortController()
const interrupt = () => stop.abort(new Error('interrupted'))
process.once('SIGINT', interrupt).once('SIGTERM', interrupt)

const form = values.long ? 'long' : 'short'
say(`Hostile, ${form} form, seed ${seed}, server from ${program().slice(packageFolder.length + 1)}`)
let withstood = true
for (const database of chosen) if (!(await withstands(database))) withstood = false
if (withstood && !values.keep) rmSync(folder, { recursive: true, force: true })
else say(`Faults and logs: ${folder}`)
say(withstood ? `Withstood. Seed ${seed}.` : `Not withstood. Seed ${seed}.`)
process.exit(withstood ? 0 : 1)

function refuse(why: string): never {
  process.stderr.write(`${why}\n`)
  process.exit(64)
}

/** A run that could not finish counts as harm, and is reported as fully. */
async function withstands(database: DatabaseName): Promise<boolean> {
  const own = join(folder, database)
  const late = setTimeout(() => stop.abort(new Error('not over in time')), size.withinMs)
  try {
    const { signal } = stop
    const outcome = await storm({ database, seed, ...size, folder: own, say, signal })
    say(describeStorm(database, outcome))
    const flooded = await flood({ database, folder: join(own, 'flood'), say, signal })
    say(describeFlood(database, flooded))
    const faults = [...outcome.faults, ...flooded.faults]
    if (faults.length > 0) writeFileSync(join(own, 'faults.json'), JSON.stringify(faults, null, 1))
    return faults.length === 0
  } catch (error) {
    say(`${database}: the storm itself failed: ${(error as Error).stack}`)
    return false
  } finally {
    clearTimeout(late)
  }
}
