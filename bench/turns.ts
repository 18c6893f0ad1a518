/**
 * Servers that take turns under the same load: in every round each once, beginning with another one, so that what is compared are
 * neighbours in time. Before that each is warmed up.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { median, percentile } from './figures.ts'
import { openConnections, type Repeated } from './keep-alive.ts'
import type { OwnDatabase } from './own-database.ts'
import type { Used } from './probe.ts'

export interface Contestant {
  port: number
  /** One for each connection. */
  requests: readonly Repeated[]
  /** What is in each answer. */
  mark: string
  used(): Promise<Used>
  /** Where it is not that of all. */
  database?: OwnDatabase
}

export interface Figures {
  perSecond: number
  p95Ms: number
  /** Of the server process, for one call. */
  cpuUs: number
  /** Of all connections of the database, for one call; NaN where that cannot be told. */
  databaseUs: number
  /** What sending and counting took of one core. */
  generatorCores: number
}

export interface Schedule {
  rounds: number
  windowMs: number
  warmUpMs: number
  database?: OwnDatabase
}

export type Round<Name extends string> = Record<Name, Figures>

export async function takeTurns<Name extends string>(
  contestants: Record<Name, Contestant>,
  { rounds, windowMs, warmUpMs, database }: Schedule,
): Promise<Round<Name>[]> {
  const names = Object.keys(contestants) as Name[]
  for (const name of names) await measure(contestants[name], warmUpMs, database)
  const results: Round<Name>[] = []
  for (let n = 0; n < rounds; n++) {
    const round = {} as Round<Name>
    for (let i = 0; i < names.length; i++) {
      const name = names[(n + i) % names.length] as Name
      round[name] = await measure(contestants[name], windowMs, database)
    }
    results.push(round)
  }
  return results
}

/** The median over the rounds, without those of which it is not known. */
export function medianOf<Name extends string>(
  results: readonly Round<Name>[],
  value: (round: Round<Name>) => number,
): number {
  return median(results.map(value).filter((one) => !Number.isNaN(one)))
}

/** How many times as fast `name` is as `other`: by the clock, and by the CPU time of their processes. */
export function ratios<Name extends string>(results: readonly Round<Name>[], name: Name, other: Name) {
  return {
    byClock: medianOf(results, (round) => round[name].perSecond / round[other].perSecond),
    byCpu: medianOf(results, (round) => round[other].cpuUs / round[name].cpuUs),
  }
}

async function measure(
  { port, requests, mark, used, database: own }: Contestant,
  ms: number,
  ofAll: OwnDatabase | undefined,
): Promise<Figures> {
  const database = own ?? ofAll
  const load = await openConnections(port, requests, mark)
  const databaseBefore = await database?.cpu()
  const before = await used()
  const [cpu, beganMs] = [process.cpuUsage(), performance.now()]
  load.begin()
  await delay(ms)
  const answered = await load.end()
  const tookS = (performance.now() - beganMs) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const { cpuS } = await used()
  const databaseS = databaseBefore && database ? await database.cpuSince(databaseBefore) : Number.NaN
  return {
    perSecond: answered / tookS,
    p95Ms: percentile(load.tookMs, 95),
    cpuUs: ((cpuS - before.cpuS) * 1e6) / answered,
    databaseUs: (databaseS * 1e6) / answered,
    generatorCores: (user + system) / 1e6 / tookS,
  }
}
