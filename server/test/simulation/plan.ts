/** What happens in a run: everything that is done and everything that fails, with its time, by the seed. */
import type { LiveTransport } from '../../../client/live-options.ts'
import { Random } from '../chaos/random.ts'
import type { PagePlan } from './page.ts'
import type { ReaderPlan } from './plain-reader.ts'

/** `n` selects the instance, page or channel, or is a number of things, as the kind needs. */
export interface Step {
  atMs: number
  kind: StepKind
  target: number
  ms: number
  n: number
}

export interface Plan {
  seed: number
  instances: number
  lookEveryMs: number
  channels: string[]
  /** Events that each channel begins with, and how many of them are past their age. */
  history: number
  past: number
  /** If false, the first request for a channel creates it. */
  isMade: boolean
  pages: PagePlan[]
  readers: ReaderPlan[]
  lengthMs: number
  steps: Step[]
}

const work = ['add', 'add', 'add', 'add', 'add several', 'add several'] as const
/** In some schedules only, because they take long to run. */
const heavyShare = 0.25
const harmless = [
  'instance killed',
  'instance paused',
  'page killed',
  'page paused',
  'page opened',
  'page stalled',
  'reader stalled',
  'reader comes back',
  'reader opened',
  'reader opened',
  'streams cut',
  'connections cut',
  'commits cut',
  'database crashed',
  'database frozen',
  'database slow',
  'channel held',
  'notices lost',
  'notices doubled',
  'notices late',
  'network slow',
  'answers lost',
  'disk full',
  'many at once',
] as const
/** After these a `resync` is permitted. */
const upsetting = [
  'database set back',
  'commits lost',
  'numbers restarted',
  'events forgotten',
  'epochs restarted',
] as const

export type StepKind = (typeof work)[number] | (typeof harmless)[number] | (typeof upsetting)[number]

export const isUpsetting = ({ past, steps }: Plan) =>
  past > 0 || steps.some(({ kind }) => (upsetting as readonly string[]).includes(kind))

export const setsBack = ({ steps }: Plan) =>
  steps.some(({ kind }) => kind === 'database set back' || kind === 'commits lost')

const ladders: LiveTransport[][] = [
  ['websocket', 'sse', 'polling'],
  ['websocket'],
  ['websocket', 'polling'],
  ['sse'],
  ['sse', 'polling'],
  ['polling'],
]

/** Faults with an effect only when they last. */
const isLong = (kind: StepKind) => kind === 'database slow'

/** Combinations that are rare by chance, so some schedules have them on purpose. */
const themes: { lengthMs: number; kinds: StepKind[]; begins?: Omit<Step, 'n'> }[] = [
  // Pages that are read while numbers restart, and readers who request them later.
  {
    lengthMs: 12_000,
    kinds: [
      'numbers restarted',
      'numbers restarted',
      'reader opened',
      'reader opened',
      'database slow',
      'instance killed',
    ],
  },
  // Channels that take so long to open that the hub may have dropped them by then.
  {
    lengthMs: 60_000,
    kinds: ['reader opened', 'instance killed', 'page opened'],
    begins: { kind: 'database slow', atMs: 0, ms: 60_000, target: 0 },
  },
]
const themedShare = 0.2

export function planOf(seed: number): Plan {
  const random = new Random(seed * 2654435761)
  const theme = random.chance(themedShare) ? random.pick(themes) : null
  const plan = planIn(random, seed)
  return theme ? themed(plan, theme, random) : plan
}

function themed(plan: Plan, { lengthMs, kinds, begins }: (typeof themes)[number], random: Random): Plan {
  const steps = Array.from({ length: random.between(8, 24) }, () =>
    stepOf(random.chance(0.2) ? 'add' : random.pick(kinds), lengthMs, random),
  )
  if (begins) steps.push({ ...begins, n: random.between(4, 6) })
  const readers = plan.readers.map((reader) => ({ ...reader, byNumber: true }))
  return { ...plan, lengthMs, readers, instances: random.between(1, 2), steps: inOrder(steps) }
}

function stepOf(kind: StepKind, lengthMs: number, random: Random): Step {
  return {
    atMs: random.between(0, lengthMs),
    kind,
    target: random.between(0, 11),
    ms: isLong(kind) || random.chance(0.15) ? random.between(10_000, 60_000) : random.between(20, 4_000),
    n: random.between(1, 6),
  }
}

const inOrder = (steps: Step[]) => steps.sort((a, b) => a.atMs - b.atMs)

function planIn(random: Random, seed: number): Plan {
  const lengthMs = random.pick([3_000, 3_000, 6_000, 6_000, 12_000, 45_000])
  const channels = random.chance(0.7) ? ['a'] : ['a', 'b']
  const canBeUpset = random.chance(0.5)
  // A few kinds at a time, so that each gets its turn with few others in its way.
  const possible = [...harmless, ...(canBeUpset ? upsetting : [])].filter((kind) => kind !== 'many at once')
  const kinds: StepKind[] = random.shuffled(possible).slice(0, random.between(1, 4))
  if (random.chance(heavyShare)) kinds.push('many at once')
  const steps: Step[] = []
  const add = (kind: StepKind) => steps.push(stepOf(kind, lengthMs, random))
  for (let n = random.between(3, 20); n > 0; n--) add(random.pick(work))
  for (let n = random.between(1, 14); n > 0; n--) add(random.pick(kinds))
  const mayBeSetBack = kinds.some((kind) => kind === 'database set back' || kind === 'commits lost')
  const history = random.pick(mayBeSetBack ? [1, 5, 30, 520] : [0, 0, 1, 5, 30, 30, 30, 30, 520])
  const isMade = history > 0 || random.chance(0.3)
  return {
    seed,
    instances: random.pick([1, 2, 2]),
    lookEveryMs: random.pick([500, 1000, 3000]),
    channels,
    history,
    isMade,
    past: canBeUpset && random.chance(0.3) ? random.between(0, history) : 0,
    pages: Array.from({ length: random.between(1, 3) }, () => ({
      channel: random.pick(channels),
      transports: random.pick(ladders),
      // A row that was lost while a list was read shows until it changes: docs/realtime.md.
      isList: !mayBeSetBack && (!isMade || random.chance(0.3)),
    })),
    readers: Array.from({ length: random.between(0, 2) }, () => ({
      channel: random.pick(channels),
      byNumber: !mayBeSetBack && (!isMade || random.chance(0.5)),
      behind: random.between(0, 40),
    })),
    lengthMs,
    steps: inOrder(steps),
  }
}
