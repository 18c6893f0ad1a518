/** What was found, told to a server, and what is found no more resolved there. All of it may be done again: the same drift stays one. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isPassing, PlinthError } from '../../client/errors.ts'
import type { DriftSummary } from '../../shared/drifts.ts'
import { Refusal } from '../command.ts'
import type { Procedures } from '../open-plinth.ts'
import type { Terminal } from '../terminal.ts'
import type { Finding } from './compare.ts'

/** At once; a server far away is waited for in parallel. */
const lanes = 4
const firstPauseMs = 250
const longestPauseMs = 30_000

export interface Reporting {
  readonly call: Procedures
  readonly terminal: Terminal
  /** How long a server that is away or busy is waited for, each time. */
  readonly patienceMs: number
}

/** In the order of `findings`. @throws Refusal when interrupted, and what the server refuses with */
export async function reportAll(findings: readonly Finding[], reporting: Reporting): Promise<DriftSummary[]> {
  const { call } = reporting
  return each(findings, 'reported', reporting, ({ externalId, resource, severity, expected, actual }) => {
    const input = withKey({ externalId, resource, severity, expected, actual })
    return patiently(() => call.drifts.report(input), reporting)
  })
}

/** Which of those that are open there are the detector's own, and were not found. */
export async function findGone(
  isOwn: (drift: DriftSummary) => boolean,
  found: ReadonlySet<string>,
  providers: readonly string[] | undefined,
  reporting: Reporting,
): Promise<DriftSummary[]> {
  const gone: DriftSummary[] = []
  for (const provider of providers ?? [undefined]) {
    for (const status of ['pending', 'approved', 'rejected'] as const) {
      let cursor: string | undefined
      do {
        const asked = { status, limit: 100, ...(provider && { provider }), ...(cursor && { cursor }) }
        const { items, pagination } = await patiently(() => reporting.call.drifts.list(asked), reporting)
        gone.push(...items.filter((drift) => isOwn(drift) && !found.has(drift.externalId)))
        cursor = pagination.nextCursor ?? undefined
      } while (cursor !== undefined)
    }
  }
  return gone
}

export async function resolveAll(drifts: readonly DriftSummary[], reporting: Reporting): Promise<DriftSummary[]> {
  return each(drifts, 'resolved', reporting, ({ id }) => {
    const input = withKey({ driftId: id })
    return patiently(() => reporting.call.drifts.resolve(input), reporting)
  })
}

/** One key for one change of this run, however often it is sent; the next run may have to make the same one anew. */
const withKey = <Input extends object>(input: Input): Input => ({ ...input, idempotencyKey: randomUUID() })

async function each<Item, Result>(
  items: readonly Item[],
  done: string,
  { terminal }: Reporting,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const waiting = items.entries()
  let [count, isOver] = [0, false]
  const lane = async () => {
    for (const [at, item] of waiting) {
      if (isOver) return
      terminal.interrupted.throwIfAborted()
      results[at] = await work(item)
      terminal.progress(`${++count} of ${items.length} ${done}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: lanes }, lane))
  } catch (error) {
    isOver = true
    const stands = `${count} of ${items.length} were ${done}; the next run goes on from there.`
    if (terminal.interrupted.aborted) throw new Refusal(`Interrupted: ${stands}`)
    terminal.complain(`Stopped: ${stands}`)
    throw error
  }
  return results
}

/** Again while what fails will pass by itself, for as long as that is waited for. */
async function patiently<Result>(ask: () => Promise<Result>, { terminal, patienceMs }: Reporting): Promise<Result> {
  const deadline = performance.now() + patienceMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof PlinthError && (isPassing(error.code) || error.code === 'RATE_LIMITED'))) throw error
      const waitMs = Math.max(pauseMs, (error.retryAfterS ?? 0) * 1000)
      if (performance.now() + waitMs > deadline) throw error
      terminal.progress(`${error.message} Again in ${Math.ceil(waitMs / 1000)} s.`)
      await delay(waitMs, undefined, { signal: terminal.interrupted }).catch(() => {})
      if (terminal.interrupted.aborted) throw error
    }
  }
}
