/**
 * What the app shows when it is opened without a network: who was signed in, and what they had loaded of what may be kept. It is asked for only
 * where no server answers who is signed in; it ends when they sign out, when the server knows of no sign-in, and when somebody else signs in.
 */
import { dehydrateQuery, hydrate, type Query } from '@tanstack/react-query'
import { plinth, queryClient, sessionKey } from '../plinth.ts'
import type { Session } from '../session/session.ts'
import { claimKept, forgetKept, keptForMs, readKept, writeKept } from './kept-store.ts'
import type { StoredList } from './stored-list.ts'

/** A page that waits longer for its first response shows stored data meanwhile. */
const answersWithinMs = 3000
/** If the server has responded, a page waits no longer than this for stored data. */
const restoresWithinMs = 1000
/** If it has not, the page says so after this time, and shows stored data once the browser has read it. */
const showsWithinMs = 5000

let reading: ReturnType<typeof readKept> | undefined
const changed = new Set<string>()
let timer: ReturnType<typeof setTimeout> | undefined

/** From now on, and once in a page. */
export function storeQueries(list: StoredList): void {
  reading = readKept()
  for (const path of list.procedures) queryClient.setQueryDefaults([path.split('.')], { gcTime: keptForMs })
  for (const key of list.keys) queryClient.setQueryDefaults([key], { gcTime: keptForMs })
  queryClient.getQueryCache().subscribe((event) => {
    if (!list.has(event.query.queryKey)) return
    const isLoaded = event.type === 'updated' && event.action.type === 'success'
    if (!isLoaded && event.type !== 'removed') return
    if (isLoaded && event.query.queryKey[0] === sessionKey[0]) follow(event.query.state.data as Session)
    changed.add(event.query.queryHash)
    // What is gone is to come back by no reload, however soon.
    if (event.type === 'removed') write()
    // Together with other data that loads at the same time. Soon, because a page that is closed has no time to write.
    else timer ??= setTimeout(write)
  })
  addEventListener('visibilitychange', () => document.hidden && write())
  addEventListener('pagehide', write)
  setTimeout(showKept, answersWithinMs)
}

/** The server has said that `personId` is signed in: what they had loaded stands in for what is asked anew. */
export async function restoreKept(personId: string): Promise<void> {
  const kept = await Promise.race([takeKept(), after(restoresWithinMs)])
  if (kept?.personId === personId) put(kept.queries.filter(({ queryKey }) => queryKey[0] !== sessionKey[0]))
}

/** While the server does not say who is signed in, shows the last user. */
export const showKept = (): Promise<unknown> => Promise.race([show(), after(showsWithinMs)])

async function show(): Promise<void> {
  if (queryClient.getQueryData(sessionKey) !== undefined) return
  const kept = await takeKept()
  if (!kept || queryClient.getQueryData(sessionKey) !== undefined) return
  const session = kept.queries.find(({ queryKey }) => queryKey[0] === sessionKey[0])
  if (!session) return
  plinth.actAs(kept.personId)
  put(kept.queries)
}

/** Once: afterwards the page knows better. */
async function takeKept() {
  const kept = await reading
  reading = undefined
  return kept
}

const after = (ms: number) => new Promise<null>((resolve) => setTimeout(resolve, ms, null))

const put = (queries: Parameters<typeof writeKept>[1]) =>
  hydrate(queryClient, { queries }, { defaultOptions: { queries: { gcTime: keptForMs } } })

function follow(session: Session) {
  if (session.state === 'signed-in') return void claimKept(session.person.id)
  changed.clear()
  void forgetKept()
}

function write() {
  clearTimeout(timer)
  timer = undefined
  const session = queryClient.getQueryData<Session>(sessionKey)
  const cache = queryClient.getQueryCache()
  const queries = [...changed].flatMap((hash) => cache.get(hash) ?? []).filter(isLoaded)
  const gone = [...changed].filter((hash) => !cache.get(hash))
  changed.clear()
  if (session?.state !== 'signed-in') return
  void writeKept(
    session.person.id,
    queries.map((query) => dehydrateQuery(query)),
    gone,
  )
}

const isLoaded = ({ state }: Query) => state.status === 'success' && state.data !== undefined
