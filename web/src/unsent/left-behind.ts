/**
 * Unsent work that users left on this device when their session ended, and its deadlines. Each tab reviews it whenever it learns who
 * is signed in: work that a user chose to keep stays for a week; other work is deleted when another user signs in, and after a week.
 */
import { outbox } from '../offline/outbox.ts'
import { plinth, queryClient, sessionKey } from '../plinth.ts'
import type { Session } from '../session/session.ts'
import { moveOldSegments } from './move-old-segments.ts'
import { type Deadline, type Deadlines, leftForMs, reviewLeft } from './review-left.ts'
import { unsentOf, unsentOwners } from './unsent-store.ts'

/**
 * Deadlines that users chose are stored apart: at a sign-out every tab writes a deadline at the same time, possibly before it sees the writes of other
 * tabs, and must not overwrite the choice.
 */
const keys = { unasked: 'plinth-left-behind', chosen: 'plinth-left-by-choice' }
const listeners = new Set<() => void>()

export function followLeftBehind(): void {
  queryClient.getQueryCache().subscribe((event) => {
    if (event.query.queryKey[0] !== sessionKey[0]) return
    // A page without a network does not know who is signed in.
    if (event.type === 'updated' && event.action.type === 'success') void review()
  })
}

/** After a sign-out with that choice. */
export async function settleLeft(personId: string, choice: 'keep' | 'discard'): Promise<void> {
  if (choice === 'discard') await deleteAllOf(personId)
  else store('chosen', { ...read('chosen'), [personId]: { until: Date.now() + leftForMs, isChosen: true } })
  tell()
}

export const deadlineOf = (personId: string): Deadline | null => readAll()[personId] ?? null

/** Calls back after something was deleted, or another deadline set. Returns how to stop. */
export function onLeftChange(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

async function review(): Promise<void> {
  const present = queryClient.getQueryData<Session>(sessionKey)
  if (present?.state === 'signed-in' && plinth.actingAs.id === present.person.id)
    await moveOldSegments(present.person.id)
  const owners = new Set([...unsentOwners(), ...(await outbox.owners())])
  const session = queryClient.getQueryData<Session>(sessionKey)
  if (!session) return
  const signedInId = session.state === 'signed-in' ? session.person.id : null
  const { deadlines, overdue } = reviewLeft(readAll(), owners, signedInId, Date.now())
  const those = (isChosen: boolean) =>
    Object.entries(deadlines).filter(([, deadline]) => deadline.isChosen === isChosen)
  store('unasked', Object.fromEntries(those(false)))
  store('chosen', Object.fromEntries(those(true)))
  for (const owner of overdue) await deleteAllOf(owner)
  tell()
}

async function deleteAllOf(owner: string): Promise<void> {
  for (const unsent of unsentOf(owner)) unsent.delete()
  // A deletion that fails now is overdue at the next review as well.
  await outbox.discardAllOf(owner).catch(() => {})
}

function tell() {
  for (const listener of [...listeners]) listener()
}

const readAll = (): Deadlines => ({ ...read('unasked'), ...read('chosen') })

function read(kind: keyof typeof keys): Deadlines {
  try {
    return JSON.parse(localStorage.getItem(keys[kind]) ?? '{}') as Deadlines
  } catch {
    return {}
  }
}

/** Writes only what has changed. */
function store(kind: keyof typeof keys, deadlines: Deadlines) {
  const text = JSON.stringify(deadlines)
  if (text === JSON.stringify(read(kind))) return
  try {
    if (Object.keys(deadlines).length > 0) localStorage.setItem(keys[kind], text)
    else localStorage.removeItem(keys[kind])
  } catch {
    // Storage is full or forbidden: the choice is not stored then.
  }
}
