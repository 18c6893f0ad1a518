/** How each fault is done. Each resolves when it is over and mended, with how many it hit: servers, connections, notices. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Instance } from './instance.ts'
import type { NoticeMode } from './postgres-proxy.ts'
import type { Fault } from './schedule.ts'
import type { Stage } from './stage.ts'

type Do = (stage: Stage, instance: Instance, fault: Fault) => Promise<number>

const occasion = 5_000
const noticesMs = 4_000
const refusedMs = 5_000

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
  /** As `pg_ctl stop -m immediate`. */
  'Postgres stopped': async (stage, _, { ms }) => {
    await stage.restartPostgres(ms)
    return 1
  },
  'backends terminated': (stage) => stage.terminate('plinth'),
  'listeners terminated': (stage) => stage.terminate('plinth notices'),
  'database cut': async (_, { database }) => database?.cut() ?? 0,
  /** Of a transaction or an append: the connection ends before it is heard. */
  'commit not sent': (_, { database }, { times }) => waitFor(database, 'commit not sent', times),
  /** It is heard and done, and the connection ends before that is said. */
  'answer to commit lost': (_, { database }, { times }) => waitFor(database, 'answer to commit lost', times),
  'database silent': async (_, { database }, { ms }) => {
    const hit = database?.stall(ms) ?? 0
    await delay(ms)
    return hit
  },
  'notices dropped': (_, instance) => spoilNotices(instance, 'dropped'),
  'notices doubled': (_, instance) => spoilNotices(instance, 'doubled'),
  'notices late': (_, instance) => spoilNotices(instance, 'late'),
  'clients cut': async (_, { clients }) => clients.cut(),
  /** Of a mutation that the server has heard. */
  'answer lost': (_, { clients }, { times }) => waitFor(clients, 'lose answer', times),
  'half an answer': (_, { clients }, { times }) => waitFor(clients, 'half an answer', times),
  'clients stalled': async (_, { clients }, { ms }) => {
    const hit = clients.stall(ms)
    await delay(ms)
    return hit
  },
  'clients refused': async (_, { clients }, { ms }) => {
    clients.refusing = true
    const hit = clients.cut()
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

/** Until all occasions came, or a while without. */
async function waitFor(proxy: Instance['clients'] | Instance['database'], what: string, times: number) {
  if (!proxy) return 0
  const before = proxy.happened.get(what) ?? 0
  const struck = () => (proxy.happened.get(what) ?? 0) - before
  proxy.arm(what, times)
  for (let waited = 0; waited < occasion && (proxy.armed.get(what) ?? 0) > 0; waited += 50) await delay(50)
  return struck()
}

async function refuse({ clients }: Instance, carriers: Parameters<Instance['clients']['refuse']>[0]) {
  const before = clients.happened.get('refused') ?? 0
  clients.refuse(carriers)
  await delay(refusedMs)
  clients.refuse([])
  return (clients.happened.get('refused') ?? 0) - before
}

async function spoilNotices({ database }: Instance, how: Exclude<NoticeMode, 'pass'>) {
  if (!database) return 0
  const what = `notice ${how}`
  const before = database.happened.get(what) ?? 0
  database.notices = how
  await delay(noticesMs)
  if (database.notices === how) database.notices = 'pass'
  return (database.happened.get(what) ?? 0) - before
}
