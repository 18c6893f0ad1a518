/**
 * How each fault is done. Each resolves when it is over and undone, with the number of servers, connections or messages that it hit. On a slow
 * machine a fault may find nothing to hit: it lasts, or is repeated, until it has hit one, `longestMs` at most.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Instance } from './instance.ts'
import type { NoticeMode } from './postgres-proxy.ts'
import type { Fault } from './schedule.ts'
import type { Stage } from './stage.ts'

type Do = (stage: Stage, instance: Instance, fault: Fault) => Promise<number>

const occasionMs = 5_000
const noticesMs = 4_000
const refusedMs = 5_000
const longestMs = 120_000
const pollMs = 50

export const faults = {
  /** kill -9, and started again. */
  'server killed': async (_, instance, { ms }) => {
    await instance.restart('SIGKILL', ms / 2)
    return 1
  },
  'server ended': async (_, instance, { ms }) => {
    await instance.restart('SIGTERM', ms / 4)
    return 1
  },
  /** SIGSTOP and SIGCONT, up to a minute later. Its sockets stay open meanwhile. */
  'server paused': async (_, instance, { ms }) => {
    await instance.pause(ms * 24)
    return 1
  },
  /** As `pg_ctl stop -m immediate`. */
  'Postgres stopped': async (stage, _, { ms }) => {
    await stage.restartPostgres(ms)
    return 1
  },
  /** All its processes, with connections open: nothing responds. */
  'Postgres frozen': async (stage, _, { ms }) => {
    await stage.freezePostgres(ms * 4)
    return 1
  },
  /** A lock that another session holds on the row of one draft's channel. */
  'channel locked': (stage, _, { ms }) => repeat(() => stage.lockChannel(ms * 2)),
  'Redis killed': async (stage, _, { ms }) => {
    await stage.restartRedis(ms)
    return 1
  },
  'Redis frozen': async (stage, _, { ms }) => {
    await stage.freezeRedis(ms * 4)
    return 1
  },
  'backends terminated': (stage) => repeat(() => stage.terminate('plinth')),
  'listeners terminated': (stage) => repeat(() => stage.terminate('plinth notices')),
  'database cut': (_, { database }) => repeat(() => database?.cut() ?? 0),
  /** Of a transaction or an append: the connection ends before it is heard. */
  'commit not sent': (_, { database }, { times }) => waitFor(database, 'commit not sent', times),
  /** It is heard and done, and the connection ends before that is said. */
  'answer to commit lost': (_, { database }, { times }) => waitFor(database, 'answer to commit lost', times),
  'database silent': async (_, { database }, { ms }) => {
    const hit = await repeat(() => database?.stall(ms) ?? 0)
    await delay(ms)
    return hit
  },
  'notices dropped': (_, instance) => spoilNotices(instance, 'dropped'),
  'notices doubled': (_, instance) => spoilNotices(instance, 'doubled'),
  'notices late': (_, instance) => spoilNotices(instance, 'late'),
  'clients cut': (_, { clients }) => repeat(() => clients.cut()),
  /** Of a mutation that the server has heard. */
  'answer lost': (_, { clients }, { times }) => waitFor(clients, 'lose answer', times),
  'half an answer': (_, { clients }, { times }) => waitFor(clients, 'half an answer', times),
  'clients stalled': async (_, { clients }, { ms }) => {
    const hit = await repeat(() => clients.stall(ms))
    await delay(ms)
    return hit
  },
  'clients refused': async (_, { clients }, { ms }) => {
    clients.refusing = true
    const hit = await repeat(() => clients.cut())
    await delay(ms)
    clients.refusing = false
    return hit
  },
  /** Server-sent events and polling are left; and then one carrier beside another, on the way back up. */
  'sockets refused': (_, instance) => refuse(instance, ['socket']),
  'streams refused': (_, instance) => refuse(instance, ['socket', 'stream']),
  'reader stops reading': async (stage, _, { ms }) => {
    stage.pauseSlowReaders(ms * 4)
    await delay(ms * 4)
    return 1
  },
} satisfies Record<string, Do>

export type FaultKind = keyof typeof faults

/** Acts until it hits something. */
async function repeat(act: () => number | Promise<number>): Promise<number> {
  let hit = await act()
  for (let waited = 0; hit === 0 && waited < longestMs; waited += pollMs) {
    await delay(pollMs)
    hit = await act()
  }
  return hit
}

/** For `ms`, then until the fault has hit something; `isOver` ends it earlier. How many `what` it hit. */
async function last({ happened }: Proxy, what: string, ms: number, isOver = () => false): Promise<number> {
  const before = happened.get(what) ?? 0
  const hit = () => (happened.get(what) ?? 0) - before
  for (let waited = 0; waited < ms || (hit() === 0 && waited < longestMs); waited += pollMs) {
    if (isOver()) break
    await delay(pollMs)
  }
  return hit()
}

type Proxy = Instance['clients'] | NonNullable<Instance['database']>

/** Until it was done `times` times. */
async function waitFor(proxy: Proxy | null | undefined, what: string, times: number) {
  if (!proxy) return 0
  proxy.arm(what, times)
  return last(proxy, what, occasionMs, () => (proxy.armed.get(what) ?? 0) === 0)
}

async function refuse({ clients }: Instance, carriers: Parameters<Instance['clients']['refuse']>[0]) {
  clients.refuse(carriers)
  const hit = await last(clients, 'refused', refusedMs)
  clients.refuse([])
  return hit
}

async function spoilNotices({ database }: Instance, how: Exclude<NoticeMode, 'pass'>) {
  if (!database) return 0
  database.notices = how
  const hit = await last(database, `notice ${how}`, noticesMs)
  if (database.notices === how) database.notices = 'pass'
  return hit
}
