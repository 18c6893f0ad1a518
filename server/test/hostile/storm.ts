/** One storm on one database: everybody comes, it is quiet, it storms, it is quiet again, and what is left is compared. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createPlinth } from '../../../client/plinth.ts'
import type { Role } from '../../../shared/account.ts'
import { capabilities, hasCapability } from '../../../shared/capabilities.ts'
import { packageFolder } from '../../platform/config/package-folder.ts'
import type { OpenIdProvider } from '../chaos/people.ts'
import { until } from '../until.ts'
import { Bystander } from './bystander.ts'
import { type DatabaseName, prepareServer } from './environment.ts'
import { Attacker, type Credentials, emailOf, headersOf, makePeople, names, roleOf, signIn } from './people.ts'
import { type Ground, Rain } from './rain.ts'
import { SlowConnections } from './slow-connections.ts'
import { Target, type Vitals } from './target.ts'

export interface Terms {
  database: DatabaseName
  seed: number
  requests: number
  /** Before what is held is first looked at. */
  warmUp: number
  folder: string
  say: (line: string) => void
  signal: AbortSignal
}

export interface Outcome {
  /** Requests, frames of sockets among them, by door. */
  sent: Map<string, number>
  statuses: Map<string, number>
  returns: number
  bystanderCalls: number
  before: Vitals
  after: Vitals
  ms: number
  faults: string[]
}

const calmWithinMs = 60_000
export const mostGrowth = 50 * 1024 * 1024
/** Drafts that everybody knows of; some are closed for good by what comes, so there are new ones from time to time. */
const drafts = 24
const restockEvery = 2000
const actEvery = 60
const slowConnections = 500
/** Timers and sockets that come and go by themselves. */
const resourceSlack = 4
/** Being busy is an answer, but not the usual one. */
const mostBusy = 0.02
const leastSucceeded = 0.05

interface Stage {
  provider: OpenIdProvider
  target: Target
  metricsToken: string
  bystander: Bystander
  ground: Ground & { known: { ids: Record<string, string[]> } }
}

export async function storm(terms: Terms): Promise<Outcome> {
  const { database, seed, requests, warmUp, say } = terms
  const began = performance.now()
  const ends: (() => unknown)[] = []
  try {
    const stage = await setUp(terms, ends)
    const { target, bystander, ground, provider } = stage
    say(`${database}: ${warmUp} requests to warm up`)
    const first = new Rain(ground, seed + 1)
    await fall(stage, first, warmUp, terms)
    const before = await calm(stage, null)
    say(`${database}: ${requests} requests, and ${slowConnections} connections that speak a byte a second`)
    const slow = new SlowConnections(target.origin, slowConnections)
    const rain = new Rain(ground, seed)
    await fall(stage, rain, requests, terms)
    if (slow.overdue > 0) target.troubles.push(`${slow.overdue} slow connections are still waited for`)
    slow.close()
    say(`${database}: over`)
    const after = await calm(stage, before)
    await signIn(target.origin, provider, 'afterwards').catch((error) =>
      target.troubles.push(`nobody can sign in: ${error}`),
    )
    await bystander.act()
    await bystander.look()
    bystander.leave()
    await target.end()
    const outcome = {
      sent: rain.sent,
      statuses: rain.statuses,
      returns: ground.attackers.reduce((sum, { returns }) => sum + returns, 0),
      bystanderCalls: bystander.calls,
      before,
      after,
      ms: performance.now() - began,
    }
    const { troubles } = target
    return {
      ...outcome,
      faults: [...troubles, ...bystander.troubles, ...compare(outcome), ...first.faults, ...rain.faults],
    }
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

/** With the bystander in it, and new drafts from time to time. @throws when the server is gone, or time is up */
async function fall(stage: Stage, rain: Rain, requests: number, { signal }: Terms): Promise<void> {
  const { target, bystander } = stage
  let isFalling = true
  const beside = (async () => {
    let actedAt = 0
    let stockedAt = 0
    while (isFalling && target.isAlive) {
      const { total } = rain
      if (total - stockedAt >= restockEvery) {
        stockedAt = total
        await restock(stage)
      }
      if (total - actedAt >= actEvery) {
        actedAt = total
        await bystander.act()
      } else await delay(20)
    }
  })()
  const aborted = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => aborted.reject(signal.reason), { once: true })
  try {
    await Promise.race([rain.fall(requests, () => target.isAlive), aborted.promise])
  } finally {
    isFalling = false
  }
  await beside
  if (!target.isAlive) throw new Error([...target.troubles, ...rain.faults.slice(-20)].join('\n'))
}

/** What the figures say that no single answer shows. */
function compare({ before, after, statuses }: Omit<Outcome, 'faults'>): string[] {
  const faults: string[] = []
  const growth = after.held - before.held
  if (growth > mostGrowth) faults.push(`holds ${Math.round(growth / 2 ** 20)} MiB more than before`)
  for (const [name, number] of Object.entries(after.resources)) {
    const had = before.resources[name] ?? 0
    if (number > had + resourceSlack) faults.push(`${number} of ${name} are left, of ${had} before`)
  }
  const added = after.inherited.filter((name) => !before.inherited.includes(name))
  if (added.length > 0) faults.push(`every object has ${added.join()} now`)
  const all = [...statuses.values()].reduce((sum, number) => sum + number, 0)
  const share = (status: string) => (statuses.get(status) ?? 0) / all
  if (share('503') > mostBusy) faults.push(`${statuses.get('503')} of ${all} were answered 503`)
  if (share('200') < leastSucceeded)
    faults.push(`only ${statuses.get('200')} of ${all} were answered 200, which shows little`)
  return faults
}

async function setUp(terms: Terms, ends: (() => unknown)[]): Promise<Stage> {
  const { folder } = terms
  const { provider, metricsToken, ...surroundings } = await prepareServer(terms, ends)
  const environment = {
    ...surroundings.environment,
    // The flood tests the limits; the storm must reach every procedure. Sign-ins stay limited, because each password guess takes a core.
    RATE_LIMIT_ANONYMOUS: '1000000',
    RATE_LIMIT_SIGNED_IN: '1000000',
    RATE_LIMIT_SIGN_IN: '200',
    RATE_LIMIT_SOCKETS_PER_PERSON: '100000',
    RATE_LIMIT_SOCKETS_PER_ADDRESS: '100000',
  }
  const spares = ['spare-1', 'spare-2', 'spare-3', 'spare-4']
  const ids = await makePeople(environment, {
    ...roleOf,
    bystander: 'user',
    ...Object.fromEntries(spares.map((name) => [name, 'user' as const])),
  })
  const target = await Target.start(environment, join(folder, 'server.log'))
  ends.push(() => target.end())
  const { origin } = target
  const come = (name: string) => signIn(origin, provider, name)
  const attackers = await Promise.all(
    names.map(async (name) => {
      const credentials = await come(name)
      return new Attacker(name, credentials, await makeKey(origin, credentials, roleOf[name]), () => come(name))
    }),
  )
  const bystander = await Bystander.come(origin, await come('bystander'))
  ends.push(() => bystander.leave())
  const people = names.map((name) => ids[name] as string)
  const known: { ids: Record<string, string[]>; emails: string[] } = {
    ids: {
      // An administrator can do to these what is not to be done to those who attack, or who stand by.
      personId: spares.map((name) => ids[name] as string),
      userId: [...people, ids.bystander as string],
      actorId: people,
      draftId: [],
    },
    emails: [...names, ...spares, 'bystander', 'nobody'].map(emailOf),
  }
  const ground = { origin, provider: provider.issuer, attackers, known, files: filesOfPage() }
  const stage = { provider, target, metricsToken, bystander, ground }
  await restock(stage)
  return stage
}

/** With all that the person may. */
async function makeKey(url: string, credentials: Credentials, role: Role): Promise<string> {
  const plinth = createPlinth({ url, headers: headersOf(credentials) })
  const scopes = capabilities.filter((capability) => hasCapability(role, capability))
  const { key } = await plinth.apiKeys.create.mutate({ name: 'A program', scopes, expiresInDays: 2 })
  plinth.close()
  return key
}

/** New drafts of two people, in which all attackers write; and one of the bystander, who invited nobody. */
async function restock({ target, bystander, ground: { attackers, known } }: Stage): Promise<void> {
  const owners = attackers.filter(({ name }) => name === 'ann' || name === 'bob')
  const userIds = known.ids.actorId ?? []
  const made: string[] = []
  for (let n = 0; n < drafts; n++) {
    const owner = owners[n % owners.length] as Attacker
    const plinth = createPlinth({ url: target.origin, headers: headersOf(owner.credentials) })
    try {
      const { id } = await plinth.drafts.create.mutate({ title: `Draft ${n}` })
      // In half of them no other user writes.
      const guests = n % 4 < 2 ? userIds.filter((_, at) => names[at] !== owner.name) : []
      for (const userId of guests) await plinth.drafts.addCollaborator.mutate({ draftId: id, userId })
      made.push(id)
    } catch {
      // They have lost their session by what they do; the next time will do.
    } finally {
      plinth.close()
    }
  }
  if (made.length > 0) known.ids.draftId = [...made, bystander.draftId]
}

function filesOfPage(): string[] {
  const folder = join(packageFolder, 'dist', 'web')
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : []
  const files = names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
  return ['/', '/index.html', ...files.sort()]
}

/** Resolves with what is held when nothing is open any more that was not before. */
async function calm({ target, metricsToken, bystander }: Stage, before: Vitals | null): Promise<Vitals> {
  const isCalm = async () => {
    const vitals = await target.vitals()
    const open = await openConnections(target.origin, metricsToken)
    return open === bystander.connections && (before === null || vitals.accepted <= before.accepted)
  }
  await until('everything that was opened is closed', isCalm, calmWithinMs).catch((error) => {
    target.troubles.push(String(error))
  })
  // What was closed last is let go of in a turn or two.
  await delay(1000)
  return target.vitals()
}

async function openConnections(origin: string, token: string): Promise<number> {
  const answer = await fetch(`${origin}/metrics`, {
    headers: { authorization: `Bearer ${token}`, connection: 'close' },
  })
  return Number(/^live_connections_open (\d+)$/m.exec(await answer.text())?.[1])
}
