/** One run on one database: begin, faults by the schedule, let everything settle, compare what everybody saw. */
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { check, type SetBack, type Stored, type Violation } from './checker.ts'
import { type FaultKind, faults } from './faults.ts'
import type { Instance } from './instance.ts'
import { type ReadEntry, readJournal, type WriteEntry } from './journal.ts'
import { Random } from './random.ts'
import { type ChaosDatabase, type Fault, missing } from './schedule.ts'
import { type Cast, Stage } from './stage.ts'
import { readStored } from './stored.ts'

export interface Done extends Fault {
  /** Servers, connections, answers or notices. */
  hit: number
}

export interface Outcome {
  database: string
  folder: string
  done: Done[]
  writes: WriteEntry[]
  reads: ReadEntry[]
  stored: Stored
  /** From the last fault until every reader had everything; null when that never came. */
  caughtUpMs: number | null
  violations: Violation[]
}

export interface Terms {
  database: ChaosDatabase
  seed: number
  schedule: Fault[]
  cast: Cast
  folder: string
  say: (line: string) => void
  signal: AbortSignal
}

const catchUpWithinMs = 45_000
/** With fewer writes acknowledged a run proves nothing. */
const leastAcknowledged = 20
const acknowledgedWithinMs = 60_000
const betweenFaults = 3
const slipMs = 4_000

/** Ends with `signal` wherever it is, and leaves no process behind. */
export async function run(terms: Terms): Promise<Outcome> {
  mkdirSync(terms.folder, { recursive: true })
  const aborted = Promise.withResolvers<never>()
  terms.signal.addEventListener('abort', () => aborted.reject(terms.signal.reason), { once: true })
  const made: Stage[] = []
  const whole = playAndCompare(terms, (stage) => made.push(stage))
  try {
    return await Promise.race([whole, aborted.promise])
  } finally {
    for (const stage of made) {
      await stage.close()
      await stage.postgres?.close()
      await stage.redis?.stop()
    }
    // What it was waiting for has ended.
    whole.catch(() => {})
  }
}

async function playAndCompare(terms: Terms, onMade: (stage: Stage) => void): Promise<Outcome> {
  const { database, seed, schedule, cast, folder, say, signal } = terms
  const done: Done[] = []
  say(`${database}: ${cast.instances} servers, ${cast.writers} writers, ${cast.readers.length} readers, seed ${seed}`)
  const stage = await Stage.make(folder, database)
  onMade(stage)
  await stage.open(cast, new Random(seed + 1))
  say(`${database}: ${schedule.length} faults in ${Math.round((schedule.at(-1)?.atMs ?? 0) / 1000)} s begin`)
  await play(stage, schedule, done, signal)
  await stage.settle()
  const caughtUpMs = await catchUp(stage, signal)
  say(`${database}: over, ${caughtUpMs === null ? 'some readers are behind' : 'all readers have everything'}`)
  let setBack: SetBack | null = null
  if (caughtUpMs !== null) {
    setBack = await stage.setBack()
    const caughtUpAgainMs = await catchUp(stage, signal)
    say(
      `${database}: set back and written past where it stood, ${caughtUpAgainMs === null ? 'some readers are behind' : 'all readers have what is there'}`,
    )
    if (caughtUpAgainMs === null) stage.troubles.push('not every reader had everything after the database was set back')
  }
  await stage.close()
  return gather({ database, folder, done, caughtUpMs }, schedule, stage, setBack)
}

/**
 * A fault comes at its time, or later if few writes were acknowledged since the one before: on a slow machine it would only hit what
 * is still down. At most this makes the run half as long again. After the last fault, writers continue until they have written enough.
 */
async function play(stage: Stage, schedule: Fault[], done: Done[], signal: AbortSignal) {
  const begun = performance.now()
  const longestSlip = (schedule.at(-1)?.atMs ?? 0) / 2
  const running: Promise<void>[] = []
  let slip = 0
  let acknowledged = 0
  for (const fault of schedule) {
    await delay(Math.max(0, fault.atMs + slip - (performance.now() - begun)), null, { signal })
    const due = performance.now()
    const enough = () => stage.acknowledged >= acknowledged + betweenFaults
    const mayWait = () => performance.now() - due < Math.min(slipMs, longestSlip - slip)
    while (!enough() && mayWait()) await delay(20, null, { signal })
    slip += performance.now() - due
    acknowledged = stage.acknowledged
    running.push(perform(stage, { ...fault, atMs: Math.round(performance.now() - begun) }, done))
  }
  await Promise.all(running)
  const ended = performance.now()
  while (stage.acknowledged < leastAcknowledged && performance.now() - ended < acknowledgedWithinMs)
    await delay(20, null, { signal })
}

async function perform(stage: Stage, fault: Fault, done: Done[]) {
  const instance = stage.instances[fault.instance] as Instance
  try {
    done.push({ ...fault, hit: await faults[fault.kind as FaultKind](stage, instance, fault) })
  } catch (error) {
    stage.troubles.push(`fault ${fault.kind} at ${fault.atMs} ms could not be done: ${error}`)
  }
}

async function catchUp(stage: Stage, signal: AbortSignal): Promise<number | null> {
  const since = performance.now()
  while (performance.now() - since < catchUpWithinMs) {
    signal.throwIfAborted()
    const slowest = await stage.slowestPositions()
    // A server may still be on its way back to the database.
    const heads = await stage.heads().catch(() => null)
    if (heads && [...heads].every(([id, head]) => slowest.get(id) === head))
      return Math.round(performance.now() - since)
    await delay(200, null, { signal })
  }
  return null
}

async function gather(
  told: Pick<Outcome, 'database' | 'folder' | 'done' | 'caughtUpMs'>,
  schedule: Fault[],
  stage: Stage,
  setBack: SetBack | null,
): Promise<Outcome> {
  const journals = readdirSync(told.folder).filter((name) => name.endsWith('.jsonl'))
  const of = <Entry>(who: string) =>
    journals.filter((name) => name.startsWith(who)).flatMap((name) => readJournal<Entry>(join(told.folder, name)))
  const [writes, reads] = [of<WriteEntry>('writer'), of<ReadEntry>('reader')]
  const stored = await readStored(stage)
  const violations = check({ writes: [...of<WriteEntry>('stage'), ...writes], reads, stored, setBack })
  const trouble = (detail: string) => violations.push({ kind: 'process', detail })
  const acknowledged = writes.filter(({ step }) => step === 'acknowledged').length
  if (acknowledged < leastAcknowledged) trouble(`only ${acknowledged} writes were acknowledged, which shows nothing`)
  if (told.caughtUpMs === null) trouble(`not every reader had everything within ${catchUpWithinMs} ms`)
  for (const kind of missing(schedule, told.done)) trouble(`${kind}: this fault no longer hits anything`)
  for (const detail of [...stage.troubles, ...stage.instances.flatMap(({ troubles }) => troubles)]) trouble(detail)
  return { ...told, writes, reads, stored, violations }
}
