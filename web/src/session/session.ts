/**
 * Who is signed in: one value in the query cache, which every page reads and only this file writes. `ended` keeps the
 * person, so that what was loaded stays readable; it heals by itself once the browser holds a session again.
 */
import { queryOptions, useQuery } from '@tanstack/react-query'
import type { Person, SessionEndReason } from '../../../shared/account.ts'
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
  // Signed out here, a person may well come back from another tab where they signed in.
  refetchOnWindowFocus: (query) => query.state.data?.state === 'signed-in' || 'always',
})

const known = () => queryClient.getQueryData<Session>(sessionKey)
const keep = (session: Session) => queryClient.setQueryData<Session>(sessionKey, session)

async function readSession(signal?: AbortSignal): Promise<Session> {
  try {
    const person = await plinth.account.me.query(undefined, { signal })
    const before = known()
    if (before && 'person' in before && before.person.id !== person.id) forgetPages()
    return { state: 'signed-in', person }
  } catch (error) {
    if (!saysSignedOut(error)) throw error
    const before = known()
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

/** Changes by this very page, such as a new name; anything else is asked of the server. */
export function keepPerson(person: Person) {
  keep({ state: 'signed-in', person })
}

export async function endSession(reason: SessionEndReason) {
  if (leaving) return
  await queryClient.cancelQueries({ queryKey: sessionKey })
  const before = known()
  if (before?.state === 'signed-in') keep({ state: 'ended', person: before.person, reason })
}

/** Looks whether the browser still, or again, holds a session. */
export async function lookForSession(): Promise<boolean> {
  if (leaving) return false
  const session = await queryClient.fetchQuery({ ...sessionQuery, staleTime: 0 }).catch(() => null)
  return session?.state === 'signed-in'
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
