/**
 * `npm run test:chaos`: the promise of live channels under faults, on Postgres with two servers and on the embedded database with one;
 * in its long form also on Postgres with Redis between the servers. Ends with 1 and the seed, the schedule and the journals when it was not kept. Bounded in time, whatever hangs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { packageFolder } from '../../platform/config/package-folder.ts'
import type { Violation } from './checker.ts'
import { program } from './instance.ts'
import { Random } from './random.ts'
import { describeRun, describeViolations } from './report.ts'
import { run } from './run.ts'
import { type ChaosDatabase, databases, longPlans, scheduleOf, shortPlans } from './schedule.ts'
import type { Cast } from './stage.ts'

const { values } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    seed: { type: 'string' },
    /** `postgres`, `redis` (long form) or `embedded`; all by default. */
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})
const { long } = values
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
if (!Number.isSafeInteger(seed)) refuse(`--seed is a whole number, not "${values.seed}"`)
const plans = long ? longPlans : shortPlans
const possible = databases.filter((database) => plans[database])
const chosen = possible.filter((database) => values.only === undefined || values.only === database)
if (chosen.length === 0) refuse(`--only is ${possible.join(' or ')}, not "${values.only}"`)

const onPostgres: Cast = {
  instances: 2,
  writers: long ? 8 : 4,
  drafts: long ? 6 : 3,
  pauseMs: long ? 1500 : 150,
  readers: [
    { way: 'websocket', instance: 0 },
    { way: 'websocket', instance: 1 },
    { way: 'sse', instance: 0 },
    { way: 'polling', instance: 1 },
    { way: 'ladder', instance: 0 },
    { way: 'ladder', instance: 1 },
    { way: 'plain', instance: 0 },
    { way: 'slow', instance: 1 },
    ...(long ? ([{ way: 'sse', instance: 1 }] as const) : []),
  ],
}
const casts: Record<ChaosDatabase, Cast> = {
  postgres: onPostgres,
  redis: onPostgres,
  embedded: {
    instances: 1,
    writers: 3,
    drafts: 2,
    pauseMs: long ? 600 : 100,
    readers: [
      { way: 'websocket', instance: 0 },
      { way: 'sse', instance: 0 },
      { way: 'polling', instance: 0 },
      { way: 'ladder', instance: 0 },
      { way: 'plain', instance: 0 },
    ],
  },
}

/** To begin, to settle, and to read what was seen. */
const overheadMs = 600_000
/** What a slow machine adds at most: see `play`. */
const slowness = 1.5

const say = (line: string) => void process.stdout.write(`${line}\n`)
const folder = mkdtempSync(join(tmpdir(), 'plinth-chaos-'))
const stop = new AbortController()
const interrupt = () => stop.abort(new Error('interrupted'))
process.once('SIGINT', interrupt).once('SIGTERM', interrupt)

say(`Chaos, ${long ? 'long' : 'short'} form, seed ${seed}, servers from ${program().slice(packageFolder.length + 1)}`)
let kept = true
for (const database of chosen) if (!(await hold(database))) kept = false
if (kept && !values.keep) rmSync(folder, { recursive: true, force: true })
else say(`Journals and logs: ${folder}`)
say(kept ? `Kept: nothing lost, doubled or reordered. Seed ${seed}.` : `Not kept. Seed ${seed}.`)
process.exit(kept ? 0 : 1)

/** A command that would hold nothing to its promise must not say that it was kept. */
function refuse(why: string): never {
  process.stderr.write(`${why}\n`)
  process.exit(64)
}

/** Whether the promise was kept. What could not be played to its end counts as not kept, and is told as fully. */
async function hold(database: ChaosDatabase): Promise<boolean> {
  const { [database]: plan } = plans
  if (!plan) refuse(`${database} has no such form`)
  const { [database]: cast } = casts
  const own = join(folder, database)
  const schedule = scheduleOf(plan, cast.instances, new Random(seed))
  const began = performance.now()
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1)
  const sayWhen = (line: string) => say(`${seconds().padStart(6)} s  ${line}`)
  const late = setTimeout(() => stop.abort(new Error('not over in time')), plan.durationMs * slowness + overheadMs)
  let violations: Violation[]
  try {
    const { signal } = stop
    const outcome = await run({ database, seed, schedule, cast, folder: own, say: sayWhen, signal })
    say(`\n${describeRun(outcome)}\n\n${database}: ${seconds()} s in all\n`)
    ;({ violations } = outcome)
    if (violations.length > 0) writeFileSync(join(own, 'faults.json'), JSON.stringify(outcome.done, null, 1))
  } catch (error) {
    violations = [{ kind: 'process', detail: `the run itself failed: ${(error as Error).stack}` }]
  } finally {
    clearTimeout(late)
  }
  if (violations.length === 0) return true
  say(`NOT KEPT on ${database}. Seed ${seed}. The schedule:`)
  for (const { atMs, kind, instance, ms, times } of schedule) {
    say(`  ${String(atMs).padStart(7)} ms  ${kind}, server ${instance + 1}, ${ms} ms, ${times} times`)
  }
  say(describeViolations(violations))
  writeFileSync(join(own, 'violations.json'), JSON.stringify(violations, null, 1))
  return false
}
