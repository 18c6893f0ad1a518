/** Which faults happen when: exact counts, the order and the moments by the seed, so that a run can be played again. */
import type { FaultKind } from './faults.ts'
import type { Random } from './random.ts'

export interface Fault {
  atMs: number
  kind: FaultKind
  instance: number
  /** How long it lasts, or how long something is away. */
  ms: number
  /** How often, of faults that wait for their occasion. */
  times: number
}

export interface Plan {
  durationMs: number
  counts: Partial<Record<FaultKind, number>>
}

export function scheduleOf({ durationMs, counts }: Plan, instances: number, random: Random): Fault[] {
  const kinds = Object.entries(counts).flatMap(([kind, count]) =>
    Array.from({ length: count }, () => kind as FaultKind),
  )
  return random
    .shuffled(kinds)
    .map((kind, at) => ({
      atMs: Math.round(((at + random.next()) * durationMs) / kinds.length),
      kind,
      instance: random.between(0, instances - 1),
      ms: random.between(300, 2500),
      times: random.between(1, 3),
    }))
    .sort((a, b) => a.atMs - b.atMs)
}

const shouldHitFrom = 3

/** Kinds that came often and hit nothing at all: what they were made for has moved away from under them. */
export function missing(schedule: Fault[], done: { kind: FaultKind; hit: number }[]): FaultKind[] {
  return [...Map.groupBy(schedule, ({ kind }) => kind)]
    .filter(([, { length }]) => length >= shouldHitFrom)
    .map(([kind]) => kind)
    .filter((kind) => !done.some((fault) => fault.kind === kind && fault.hit > 0))
}

const clients = { 'clients cut': 4, 'half an answer': 3, 'answer lost': 4, 'clients stalled': 1 } as const

export const databases = ['postgres', 'redis', 'embedded'] as const
/** `redis`: Postgres, with messages between the servers through Redis. */
export type ChaosDatabase = (typeof databases)[number]

/** For CI: 68 faults, 8 of them kill -9. */
export const shortPlans: Partial<Record<ChaosDatabase, Plan>> = {
  postgres: {
    durationMs: 24_000,
    counts: {
      ...clients,
      'server killed': 4,
      'server ended': 1,
      'Postgres stopped': 2,
      'backends terminated': 3,
      'listeners terminated': 2,
      'database cut': 3,
      'commit not sent': 4,
      'answer to commit lost': 6,
      'database silent': 1,
      'notices dropped': 1,
      'notices doubled': 1,
      'notices late': 1,
      'clients refused': 1,
      'sockets refused': 2,
      'streams refused': 1,
      'reader stops reading': 2,
      'channel locked': 3,
      'Postgres frozen': 1,
    },
  },
  embedded: { durationMs: 12_000, counts: { ...clients, 'server killed': 4, 'sockets refused': 1 } },
}

/** 1,014 faults, 90 of them kill -9. */
export const longPlans: Record<ChaosDatabase, Plan> = {
  postgres: {
    durationMs: 780_000,
    counts: {
      'server killed': 36,
      'server ended': 12,
      'server paused': 10,
      'Postgres stopped': 20,
      'Postgres frozen': 12,
      'backends terminated': 36,
      'listeners terminated': 24,
      'channel locked': 40,
      'database cut': 36,
      'commit not sent': 36,
      'answer to commit lost': 50,
      'database silent': 14,
      'notices dropped': 18,
      'notices doubled': 18,
      'notices late': 18,
      'clients cut': 44,
      'half an answer': 34,
      'answer lost': 34,
      'clients stalled': 16,
      'clients refused': 14,
      'sockets refused': 16,
      'streams refused': 12,
      'reader stops reading': 18,
    },
  },
  redis: {
    durationMs: 420_000,
    counts: {
      'server killed': 22,
      'server ended': 8,
      'server paused': 4,
      'Postgres stopped': 10,
      'Postgres frozen': 8,
      'Redis killed': 50,
      'Redis frozen': 20,
      'channel locked': 20,
      'backends terminated': 16,
      'database cut': 16,
      'commit not sent': 16,
      'answer to commit lost': 26,
      'clients cut': 30,
      'half an answer': 16,
      'answer lost': 16,
      'clients stalled': 8,
      'sockets refused': 8,
      'reader stops reading': 10,
    },
  },
  embedded: {
    durationMs: 260_000,
    counts: {
      'server killed': 32,
      'server ended': 10,
      'server paused': 4,
      'clients cut': 34,
      'half an answer': 18,
      'answer lost': 24,
      'clients stalled': 10,
      'sockets refused': 6,
      'streams refused': 4,
    },
  },
}
