/**
 * Who is signed in: one value in the query cache, which every page reads and only this file writes. `ended` keeps the
 * person, so that what was loaded stays readable; it heals by itself once the browser holds a session again. The client
 * hears of each change first, so that nothing is asked for one person and shown to another.
 */
import { queryOptions, useQuery } from '@tanstack/react-query'
import type { TabNews } from '../../../client/plinth.ts'
import type { Person, SessionEndReason } from '../../../shared/account.ts'
import { restoreKept, showKept } from '../offline/kept-queries.ts'
import { plinth, queryClient, saysSignedOut, sessionKey } from '../plinth.ts'

export type Session =
  | { state: 'signed-in'; person: Person }
  | { state: 'signed-out'; deliberately: boolean }
  | { state: 'ended'; person: Person; reason: SessionEndReason | 'unknown' }

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
    const person = await plinth.account.me.query(undefined, { signal })
    signal?.throwIfAborted()
    const before = known()
    plinth.actAs(person.id)
    if (before && 'person' in before && before.person.id !== person.id) forgetPages()
    if (!before) await restoreKept(person.id)
    return { state: 'signed-in', person }
  } catch (error) {
    if (!saysSignedOut(error)) {
      if (!signal?.aborted) await showKept()
      throw error
    }
    signal?.throwIfAborted()
    const before = known()
    plinth.actAs(null)
    if (before?.state === 'signed-in') return { state: 'ended', person: before.person, reason: 'unknown' }
    return before ?? { state: 'signed-out', deliberately: false }
  }
}

/** What the pages loaded belongs to the person before. Open pages load again. */
function forgetPages() {
  void queryClient.resetQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] })
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
  const before = known()
  plinth.actAs(person.id)
  keep({ state: 'signed-in', person })
  if (before && 'person' in before && before.person.id !== person.id) forgetPages()
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
  await queryClient.cancelQueries({ queryKey: sessionKey })
  plinth.actAs(null, reason)
  const before = known()
  if (before?.state === 'signed-in' || (before?.state === 'ended' && before.reason === 'unknown'))
    keep({ state: 'ended', person: before.person, reason })
}

/** Looks whether the browser still, or again, holds a session. */
export async function lookForSession(): Promise<boolean> {
  if (leaving) return false
  const session = await queryClient.fetchQuery({ ...sessionQuery, staleTime: 0 }).catch(() => null)
  return session?.state === 'signed-in'
}

/** Asks rather than believes: by now a third tab may have signed in again. */
export async function hearOtherTab(news: TabNews) {
  // An answer that is underway may be older than the news.
  await queryClient.cancelQueries({ queryKey: sessionKey })
  await lookForSession()
  if (news.type === 'ended' && news.reason !== 'unknown' && known()?.state === 'ended') await endSession(news.reason)
}

/** @throws PlinthError, and then nothing has changed here */
export async function signOut() {
  leaving = true
  try {
    await plinth.signOut()
    await queryClient.cancelQueries()
    keep({ state: 'signed-out', deliberately: true })
    queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] })
  } finally {
    leaving = false
  }
}
