/**
 * Who is signed in: one value in the query cache, which every page reads and only this file writes. `ended` has the user,
 * so that what was loaded stays readable, and becomes `signed-in` once the browser has a session again; `signed-out` has nothing
 * left of the user in this tab. The client is notified of each change first, so that no response for one user is shown to another.
 */
import { queryOptions, useQuery } from '@tanstack/react-query'
import { type TabNews, toPlinthError } from '../../../client/plinth.ts'
import type { Person, SessionEndReason } from '../../../shared/account.ts'
import { restoreKept, showKept } from '../offline/kept-queries.ts'
import { plinth, queryClient, saysSignedOut, sessionKey } from '../plinth.ts'
import { clearPages } from './clear-pages.ts'
import { type EndReason, isReadableAfter } from './ended-words.ts'

export type Session =
  | { state: 'signed-in'; person: Person }
  /** `reason`: how the session of this tab ended; null where it had none. */
  | { state: 'signed-out'; reason: EndReason | null }
  | { state: 'ended'; person: Person; reason: EndReason }

let leaving = false

export const sessionQuery = queryOptions({
  queryKey: sessionKey,
  queryFn: ({ signal }) => readSession(signal),
  staleTime: 60_000,
  gcTime: Number.POSITIVE_INFINITY,
  // Signed out here, a person may well come back from another tab where they signed in; or confirmed their address.
  refetchOnWindowFocus: ({ state: { data } }) => (data?.state === 'signed-in' && data.person.emailVerified) || 'always',
})

const known = () => queryClient.getQueryData<Session>(sessionKey)
const keep = (session: Session) => queryClient.setQueryData<Session>(sessionKey, session)

async function readSession(signal?: AbortSignal): Promise<Session> {
  try {
    const person = await readPerson(signal)
    signal?.throwIfAborted()
    if (person === null) return endedBy(null)
    const isFirst = known() === undefined
    become(person)
    if (isFirst) await restoreKept(person.id)
    return { state: 'signed-in', person }
  } catch (error) {
    if (!saysSignedOut(error)) {
      if (!signal?.aborted) await showKept()
      throw error
    }
    signal?.throwIfAborted()
    return endedBy(toPlinthError(error).endReason)
  }
}

/** Null for visitors. A page that shows a user has to be refused instead, with the reason why the session has ended. */
function readPerson(signal?: AbortSignal): Promise<Person | null> {
  const before = known()
  if (before && before.state !== 'signed-out') return plinth.account.me.query(undefined, { signal })
  return plinth.account.current.query(undefined, { signal })
}

/** After a call that was refused because the session has ended. `reason`: null where the server does not know the session. */
function endedBy(reason: SessionEndReason | null): Session {
  const before = known()
  // The browser has a newer session, with which the next query is sent.
  const ended = reason === null || reason === 'replaced' ? 'unknown' : reason
  plinth.actAs(null, ended)
  if (before?.state === 'signed-out' || before === undefined) return before ?? { state: 'signed-out', reason: null }
  if (!isReadableAfter(ended)) {
    const left: Session = { state: 'signed-out', reason: ended }
    keep(left)
    clearPages()
    return left
  }
  if (before.state === 'ended' && ended === 'unknown') return before
  return { state: 'ended', person: before.person, reason: ended }
}

/** Deletes what the pages loaded for another user; open pages load again. */
function become(person: Person) {
  const { lastId } = plinth.actingAs
  plinth.actAs(person.id)
  if (lastId === null || lastId === person.id) return
  // First, because a closing page stores what it has loaded while its user is signed in.
  keep({ state: 'signed-in', person })
  clearPages()
}

export function useSession() {
  const { data, error, isFetching, refetch } = useQuery(sessionQuery)
  if (data) return data
  if (error) return { state: 'unreachable', error, isFetching, refetch } as const
  return { state: 'loading' } as const
}

/** Signed in by this very page, which need not ask who that is. Answers of before, to nobody or to another, are void. */
export async function beginSession(person: Person) {
  await queryClient.cancelQueries()
  become(person)
  keep({ state: 'signed-in', person })
}

/** Changes by this very page, such as a new name; anything else is asked of the server. */
export function keepPerson(person: Person) {
  if (isSignedInAs(person.id)) keep({ state: 'signed-in', person })
}

/** Now; for what began earlier, and perhaps as another person. */
export function isSignedInAs(personId: string): boolean {
  const session = known()
  return session?.state === 'signed-in' && session.person.id === personId
}

export async function endSession(reason: SessionEndReason) {
  if (leaving) return
  if (!isReadableAfter(reason)) return leave(reason)
  await queryClient.cancelQueries({ queryKey: sessionKey })
  plinth.actAs(null, reason)
  const before = known()
  if (before?.state === 'signed-in' || (before?.state === 'ended' && before.reason === 'unknown'))
    keep({ state: 'ended', person: before.person, reason })
}

/** Deletes all loaded data from this tab: the reader may not be the user. */
async function leave(reason: EndReason) {
  // Cancelling puts back what was there before the query, so it comes first.
  await queryClient.cancelQueries()
  plinth.actAs(null, reason)
  if (known()?.state === 'signed-out') return
  keep({ state: 'signed-out', reason })
  clearPages()
}

/** Looks whether the browser still, or again, holds a session. */
export async function lookForSession(): Promise<boolean> {
  if (leaving) return false
  const session = await queryClient.fetchQuery({ ...sessionQuery, staleTime: 0 }).catch(() => null)
  return session?.state === 'signed-in'
}

/** Queries who is signed in, because a third tab may have signed in again; but first deletes data that may not stay readable. */
export async function hearOtherTab(news: TabNews) {
  if (news.type === 'ended' && !isReadableAfter(news.reason)) await leave(news.reason)
  // An answer that is underway may be older than the news.
  await queryClient.cancelQueries({ queryKey: sessionKey })
  await lookForSession()
  if (news.type === 'ended' && news.reason === 'expired' && known()?.state === 'ended') await endSession(news.reason)
}

/** @throws PlinthError, and then nothing has changed here */
export async function signOut() {
  leaving = true
  try {
    await plinth.signOut()
    await leave('signed-out')
  } finally {
    leaving = false
  }
}
