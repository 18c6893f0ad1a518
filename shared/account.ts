/** A person's own account: who they are, where they are signed in, and how they may sign in. */
import { z } from 'zod'
import { Id, pageOf } from './pages.ts'
import { singleLine } from './text.ts'

/** A ladder: each role may do all that the ones before it may. */
export const roles = ['viewer', 'user', 'engineer', 'admin'] as const
export const Role = z.enum(roles)
export type Role = z.infer<typeof Role>

const Instant = z.iso.datetime()

export const Person = z.object({
  id: Id,
  /** Null when the provider gave none that this person may hold here. */
  email: z.string().nullable(),
  /** Null until the person has chosen one. */
  username: z.string().nullable(),
  displayName: z.string(),
  avatarUrl: z.string().nullable(),
  role: Role,
  createdAt: Instant,
  lastLoginAt: Instant.nullable(),
})
export type Person = z.infer<typeof Person>

export const UpdateProfile = z.object({ displayName: singleLine(80) })
export type UpdateProfile = z.infer<typeof UpdateProfile>

/** A way to sign in that this server offers: a button that leads to `path`. */
export const SignInMethod = z.object({
  provider: z.enum(['google']),
  name: z.string(),
  path: z.string(),
})
export type SignInMethod = z.infer<typeof SignInMethod>
export const SignInMethods = z.object({ methods: z.array(SignInMethod) })

export const Session = z.object({
  id: Id,
  /** The one that this request came with. */
  current: z.boolean(),
  /** In words, such as `Chrome on macOS`. */
  device: z.string(),
  ip: z.string().nullable(),
  createdAt: Instant,
  /** Exact to about a minute. */
  lastUsedAt: Instant,
  /** When it ends if nobody uses it any more; use moves it, up to 30 days after sign-in. */
  expiresAt: Instant,
})
export type Session = z.infer<typeof Session>
export const Sessions = pageOf(Session)

export const RevokeSession = z.object({ sessionId: Id })
export const EndedSessions = z.object({ ended: z.int() })

export const Identity = z.object({
  id: Id,
  provider: z.enum(['google']),
  email: z.string().nullable(),
  createdAt: Instant,
  lastUsedAt: Instant,
})
export type Identity = z.infer<typeof Identity>
export const Identities = pageOf(Identity)

export const UnlinkIdentity = z.object({ identityId: Id })

export const sessionEndReasons = ['signed-out', 'revoked', 'replaced', 'expired', 'account-changed'] as const
export const SessionEndReason = z.enum(sessionEndReasons)
export type SessionEndReason = z.infer<typeof SessionEndReason>
export const SessionEnded = z.object({ reason: SessionEndReason })
export type SessionEnded = z.infer<typeof SessionEnded>
