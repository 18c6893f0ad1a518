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

/** For CI: 64 faults, 8 of them kill -9. */
export const shortPlans: { postgres: Plan; embedded: Plan } = {
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
    },
  },
  embedded: { durationMs: 12_000, counts: { ...clients, 'server killed': 4, 'sockets refused': 1 } },
}

/** 409 faults, 36 of them kill -9. */
export const longPlans: { postgres: Plan; embedded: Plan } = {
  postgres: {
    durationMs: 480_000,
    counts: {
      'server killed': 24,
      'server ended': 8,
      'Postgres stopped': 14,
      'backends terminated': 24,
      'listeners terminated': 16,
      'database cut': 24,
      'commit not sent': 24,
      'answer to commit lost': 36,
      'database silent': 10,
      'notices dropped': 14,
      'notices doubled': 14,
      'notices late': 14,
      'clients cut': 30,
      'half an answer': 24,
      'answer lost': 24,
      'clients stalled': 12,
      'clients refused': 10,
      'sockets refused': 12,
      'streams refused': 10,
      'reader stops reading': 14,
    },
  },
  embedded: {
    durationMs: 100_000,
    counts: {
      'server killed': 12,
      'server ended': 4,
      'clients cut': 10,
      'half an answer': 6,
      'answer lost': 10,
      'clients stalled': 4,
      'sockets refused': 3,
      'streams refused': 2,
    },
  },
}
