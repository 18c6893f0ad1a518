/**
 * A program that writes, one person: appends while it holds a ring, passes rings on, renames its own drafts, adds and removes a
 * bystander. Whatever has no answer is sent again with the same key, to the next instance, until there is one.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { v7 } from 'uuid'
import { createPlinth, errorCode, type Plinth } from '../../../client/plinth.ts'
import { errorTable } from '../../../shared/error-table.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import { Journal, type WriteEntry, type WriteKind } from './journal.ts'
import type { Person } from './people.ts'
import { appendMark } from './postgres-proxy.ts'
import { Random } from './random.ts'

export interface WriterTask {
  seed: number
  journal: string
  urls: string[]
  person: Person
  writers: string[]
  drafts: { id: string; ownerId: string }[]
  bystanderId: string
  /** Between bursts, at most. */
  pauseMs: number
}

const answerWithinMs = 8000

const task: WriterTask = JSON.parse(process.argv[2] ?? '')
const { person, drafts, writers } = task
const random = new Random(task.seed)
const journal = new Journal<WriteEntry>(task.journal)
const clients = task.urls.map((url) => createPlinth({ url, headers: person.headers }))
const rings = new Set(drafts.filter(({ ownerId }) => ownerId === person.id).map(({ id }) => id))
const mine = drafts.filter(({ ownerId }) => ownerId === person.id)
let titles = 0
let stopped = false
process.on('message', () => {
  stopped = true
})
process.on('disconnect', () => process.exit())

type CallOptions = { signal: AbortSignal; context: { idempotencyKey: string } }

/** True when it was acknowledged. */
async function settle(
  { key = v7(), ...intent }: { key?: string; kind: WriteKind; draftId: string; what: string },
  call: (client: Plinth, options: CallOptions) => Promise<unknown>,
): Promise<boolean> {
  journal.note({ key, step: 'intent', actorId: person.id, ...intent })
  const first = random.between(0, clients.length - 1)
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = (await call(clients[(first + attempt) % clients.length] as Plinth, {
        signal: AbortSignal.timeout(answerWithinMs),
        context: { idempotencyKey: key },
      })) as { position?: number }
      journal.note({
        key,
        step: 'acknowledged',
        ...(answer.position !== undefined && { position: answer.position }),
      })
      process.send?.('acknowledged')
      return true
    } catch (error) {
      const code = errorCode(error)
      const isOpen = code === 'NETWORK_ERROR' || mayPass(code)
      journal.note({ key, step: isOpen ? 'repeated' : 'refused', code })
      if (!isOpen) return false
      await delay(random.between(20, Math.min(50 * 2 ** attempt, 1000)))
    }
  }
}

/** Of 409s only the ring's is an answer; the others say that something else came at the same moment. */
const mayPass = (code: ErrorCode) =>
  errorTable[code].status >= 500 || (errorTable[code].status === 409 && code !== 'RING_NOT_HELD')

async function append(draftId: string) {
  const key = v7()
  // Some too long for a notice.
  const text = `${appendMark}${key} ${'x'.repeat(random.chance(0.1) ? 8000 : random.between(0, 400))}`
  // A segment names itself; some travel without a key beside that.
  const ownName = random.chance(0.5) && { context: { idempotencyKey: null } }
  const done = await settle({ key, kind: 'append', draftId, what: text }, (client, options) =>
    client.drafts.append.mutate({ draftId, segmentId: key, text }, { ...options, ...ownName }),
  )
  if (!done) rings.delete(draftId)
}

async function pass(draftId: string) {
  const to = random.pick(writers.filter((id) => id !== person.id))
  // Whatever the answer says: who does not know asks for the list.
  rings.delete(draftId)
  await settle({ kind: 'pass', draftId, what: to }, (client, options) =>
    client.drafts.passRing.mutate({ draftId, to }, options),
  )
}

async function changeOwn(draftId: string) {
  const kind = random.pick(['rename', 'rename', 'rename', 'add', 'remove'] as const)
  const userId = task.bystanderId
  if (kind === 'rename') {
    const title = `Title ${++titles} of ${person.id}`
    return settle({ kind, draftId, what: title }, (client, options) =>
      client.drafts.rename.mutate({ draftId, title }, options),
    )
  }
  return settle({ kind, draftId, what: userId }, (client, options) =>
    kind === 'add'
      ? client.drafts.addCollaborator.mutate({ draftId, person: userId }, options)
      : client.drafts.removeCollaborator.mutate({ draftId, userId }, options),
  )
}

async function lookForRings() {
  const client = random.pick(clients)
  const { items } = await client.drafts.list.query(undefined, { signal: AbortSignal.timeout(answerWithinMs) })
  for (const { id, ringHolderId } of items) if (ringHolderId === person.id) rings.add(id)
}

async function write() {
  while (!stopped) {
    const held = [...rings]
    if (held.length === 0) await lookForRings().catch(() => {})
    const draftId = held.length > 0 ? random.pick(held) : null
    const tasks: Promise<unknown>[] = []
    if (draftId) for (let n = random.between(1, 4); n > 0; n--) tasks.push(append(draftId))
    if (mine.length > 0 && random.chance(0.5)) tasks.push(changeOwn(random.pick(mine).id))
    // Beside the appends, some of which then come too late.
    if (draftId && random.chance(0.15)) tasks.push(pass(draftId))
    await Promise.all(tasks)
    if (random.chance(0.5)) await delay(random.between(0, task.pauseMs))
  }
}

await write()
for (const client of clients) client.close()
process.disconnect()
