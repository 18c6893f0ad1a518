/** The lists of the admin pages by what their addresses ask for, and their loading ahead of a visit. */
import type { Role } from '../../../shared/account.ts'
import { type Capability, hasCapability } from '../../../shared/capabilities.ts'
import { roleNames } from '../account/role-names.ts'
import { queryClient, sessionKey, trpc } from '../plinth.ts'
import type { Session } from '../session/session.ts'

export interface PeopleSearch {
  search?: string
  role?: Role
  active?: boolean
}

export interface AuditSearch {
  actorId?: string
  apiKeyId?: string
  action?: string
  target?: string
  /** Days of the reader's calendar, as `2026-11-30`: both are included. */
  from?: string
  to?: string
}

export interface ApiKeysSearch {
  personId?: string
  /** Asks at once for a new key, of this kind. */
  make?: 'detector'
}

// The router reads what looks like a number as one.
const text = (value: unknown) => {
  const said = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''
  return said === '' ? undefined : said
}

const isRole = (value: unknown): value is Role => typeof value === 'string' && Object.hasOwn(roleNames, value)

export const readPeopleSearch = ({ search, role, active }: Record<string, unknown>): PeopleSearch => ({
  search: text(search),
  role: isRole(role) ? role : undefined,
  active: typeof active === 'boolean' ? active : undefined,
})

const day = (value: unknown) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined

/** When the day begins where the reader is; `later` days after it. */
const beginOf = (value: string | undefined, later = 0) => {
  if (value === undefined) return undefined
  const moment = new Date(`${value}T00:00`)
  moment.setDate(moment.getDate() + later)
  return moment.toISOString()
}

export const readAuditSearch = ({
  actorId,
  apiKeyId,
  action,
  target,
  from,
  to,
}: Record<string, unknown>): AuditSearch => ({
  actorId: text(actorId),
  apiKeyId: text(apiKeyId),
  action: text(action),
  target: text(target),
  from: day(from),
  to: day(to),
})

export const readApiKeysSearch = ({ personId, make }: Record<string, unknown>): ApiKeysSearch => ({
  personId: text(personId),
  make: make === 'detector' ? make : undefined,
})

const getNextPageParam = (page: { nextCursor: string | null }) => page.nextCursor ?? undefined

export const peopleQuery = ({ search, role, active }: PeopleSearch) =>
  trpc.people.list.infiniteQueryOptions({ search, role, active }, { getNextPageParam })

/** Read to see what is left of it: never older than the visit. */
export const legacyUsesQuery = trpc.people.legacyReport.infiniteQueryOptions({}, { getNextPageParam, staleTime: 0 })

export const auditQuery = ({ from, to, ...filters }: AuditSearch) =>
  // Read to see what just happened: never older than the visit.
  trpc.auditLog.list.infiniteQueryOptions(
    { ...filters, since: beginOf(from), until: beginOf(to, 1) },
    { getNextPageParam, staleTime: 0 },
  )

export const allApiKeysQuery = ({ personId }: ApiKeysSearch) =>
  trpc.apiKeys.listAll.infiniteQueryOptions({ personId }, { getNextPageParam })

export const personQuery = (personId: string) => trpc.people.get.queryOptions({ personId }, { staleTime: 300_000 })

const isAllowed = (capability: Capability) => {
  const session = queryClient.getQueryData<Session>(sessionKey)
  return session?.state === 'signed-in' && hasCapability(session.person.role, capability)
}

export const prefetchPeople = (search: PeopleSearch) => {
  if (isAllowed('person:manage')) void queryClient.prefetchInfiniteQuery(peopleQuery(search))
}

export const prefetchAudit = (search: AuditSearch) => {
  if (isAllowed('audit-log:read')) void queryClient.prefetchInfiniteQuery(auditQuery(search))
}

export const prefetchAllApiKeys = (search: ApiKeysSearch) => {
  if (isAllowed('person:manage')) void queryClient.prefetchInfiniteQuery(allApiKeysQuery(search))
}

export const reloadPeople = () => queryClient.invalidateQueries(trpc.people.pathFilter())
