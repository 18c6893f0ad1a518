/** People as an administrator sees them. */
import { z } from 'zod'
import { Person, RevokeSession, Role } from './account.ts'
import { Id, TargetId } from './id.ts'
import { Instant } from './instant.ts'
import { PageRequest, pageOf } from './pages.ts'
import { PersonName } from './person-name.ts'
import { PersonRef } from './person-ref.ts'
import { singleLine } from './text.ts'

export const ManagedPerson = Person.extend({
  /** A disabled person cannot sign in, and is signed in nowhere. */
  active: z.boolean(),
  /** Exact to about a minute. */
  lastActiveAt: Instant.nullable(),
})
export type ManagedPerson = z.infer<typeof ManagedPerson>
export const ManagedPeople = pageOf(ManagedPerson)

export const ListPeople = PageRequest.extend({
  /** A part of name, username or e-mail address; case does not matter. */
  search: singleLine(254).optional(),
  role: Role.optional(),
  active: z.boolean().optional(),
}).prefault({})
export type ListPeople = z.infer<typeof ListPeople>

export const GetPerson = z.object({ personId: TargetId })
export const FindPerson = z.object({ named: PersonName })
export const ListPersonSessions = PageRequest.extend(GetPerson.shape)
export type ListPersonSessions = z.infer<typeof ListPersonSessions>
export const RevokePersonSession = GetPerson.extend(RevokeSession.shape)
export const ChangeRole = GetPerson.extend({ role: Role })
export type ChangeRole = z.infer<typeof ChangeRole>

/** Of a demo person, shown once. */
export const DemoSignIn = z.object({ id: Id, email: z.string(), role: Role, password: z.string() })
export type DemoSignIn = z.infer<typeof DemoSignIn>

/** Who still comes by a legacy id alone. */
export const LegacyUse = z.object({
  /** Of the newest use. */
  id: Id,
  legacyId: z.string(),
  /** Null where the id is nobody's any more. */
  person: PersonRef.nullable(),
  /** Its person has a way in that proves who they are, so the id alone is refused now. */
  claimed: z.boolean(),
  uses: z.int(),
  firstUsedAt: Instant,
  lastUsedAt: Instant,
  lastIp: z.string().nullable(),
})
export type LegacyUse = z.infer<typeof LegacyUse>
export const LegacyUses = pageOf(LegacyUse)
