/** A person's own account: who they are, where they are signed in, and how they may sign in. */
import { z } from 'zod'
import { Id, TargetId } from './id.ts'
import { Instant } from './instant.ts'
import { pageOf } from './pages.ts'
import { singleLine } from './text.ts'

/** A ladder: each role may do all that the ones before it may. */
export const roles = ['viewer', 'user', 'engineer', 'admin'] as const
export const Role = z.enum(roles)
export type Role = z.infer<typeof Role>

export const Person = z
  .object({
    id: Id,
    /** Null when the provider gave none that this person may hold here. */
    email: z.string().nullable().meta({ example: 'ada@example.org' }),
    /** They have shown that the address is theirs. */
    emailVerified: z.boolean(),
    /** Null until the person has chosen one. */
    username: z.string().nullable().meta({ example: 'ada' }),
    displayName: z.string().meta({ example: 'Ada' }),
    avatarUrl: z.string().nullable().meta({ example: null }),
    role: Role,
    createdAt: Instant,
    lastLoginAt: Instant.nullable(),
  })
  .meta({ id: 'Person' })
export type Person = z.infer<typeof Person>

/** Of a user whose provider gave no name, and of an account that its owner took back, until they choose another. */
export const defaultDisplayName = (email: string | null): string => email?.split('@')[0]?.slice(0, 80) ?? 'New person'

export const hasNoNames = ({ email, username, displayName }: Pick<Person, 'email' | 'username' | 'displayName'>) =>
  username === null && displayName === defaultDisplayName(email)

/** A way to sign in that this server offers: a button that leads to `path`. */
export const SignInMethod = z.object({
  provider: z.enum(['google']),
  name: z.string(),
  path: z.string(),
})
export type SignInMethod = z.infer<typeof SignInMethod>
export const SignInMethods = z.object({
  methods: z.array(SignInMethod),
  /** Whether people may register and sign in by password. */
  password: z.boolean(),
})

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

export const RevokeSession = z.object({ sessionId: TargetId })
export const EndedSessions = z.object({ ended: z.int() })

/** `legacy`: the id of the product before, which an `X-User-Id` header names. */
export const identityProviders = ['google', 'password', 'clerk', 'better-auth', 'legacy'] as const

export const Identity = z.object({
  id: Id,
  provider: z.enum(identityProviders),
  email: z.string().nullable(),
  createdAt: Instant,
  lastUsedAt: Instant,
})
export type Identity = z.infer<typeof Identity>
export const Identities = pageOf(Identity)

/** `legacyId`: as the product before knew the person, and as the trusted `X-User-Id` beside the call says too. */
export const ClaimLegacyId = z.object({ legacyId: singleLine(128) })
export const ClaimedLegacyId = z.object({ legacyId: z.string() })

/** The provider's page, which leads back to the list of sign-in methods. */
export const StartedAdding = z.object({ url: z.string() })
/** A user who has this many cannot add another one. */
export const identitiesPerUser = 10

export const UnlinkIdentity = z.object({ identityId: TargetId })

/** `stolen`: a refresh token came again after its successor was used, so two had it. */
export const sessionEndReasons = ['signed-out', 'revoked', 'replaced', 'expired', 'account-changed', 'stolen'] as const
export const SessionEndReason = z.enum(sessionEndReasons)
export type SessionEndReason = z.infer<typeof SessionEndReason>
export const SessionEnded = z.object({ reason: SessionEndReason })
export type SessionEnded = z.infer<typeof SessionEnded>
