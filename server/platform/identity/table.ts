import { type Column, sql } from 'drizzle-orm'
import { boolean, check, index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { identityProviders, roles, sessionEndReasons } from '../../../shared/account.ts'
import type { Capability } from '../../../shared/capabilities.ts'
import { defaultPrivacySettings, type PrivacySettings, type UpdateProfile } from '../../../shared/profiles.ts'
import { createdAt, instant, primaryId, searchIndex, searchWords, updatedAt } from '../db/columns.ts'

export type ChosenNotifications = NonNullable<UpdateProfile['notificationPreferences']>

/** As the indexes have it: a query must repeat it. */
export const everyoneFinds = (user: { isActive: Column; privacySettings: Column }) =>
  sql`${user.isActive} and ${user.privacySettings} ->> 'profile' = 'everyone'`

export const users = pgTable(
  'users',
  {
    id: primaryId(),
    email: text('email'),
    emailVerified: boolean('email_verified').notNull().default(false),
    username: text('username'),
    displayName: text('display_name').notNull(),
    avatarUrl: text('avatar_url'),
    /** An IANA name. */
    timezone: text('timezone').notNull().default('UTC'),
    /** What the user has chosen; the defaults of the rest are in `NotificationPreferences`. */
    notificationPreferences: jsonb('notification_preferences').$type<ChosenNotifications>().notNull().default({}),
    privacySettings: jsonb('privacy_settings').$type<PrivacySettings>().notNull().default(defaultPrivacySettings),
    role: text('role', { enum: roles }).notNull().default('user'),
    isActive: boolean('is_active').notNull().default(true),
    lastLoginAt: instant('last_login_at'),
    lastActiveAt: instant('last_active_at'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (user) => [
    uniqueIndex('users_email_key').on(sql`lower(${user.email})`),
    uniqueIndex('users_username_key').on(sql`lower(${user.username})`),
    // Lists of people, the newest first.
    index('users_role_id_idx').on(user.role, user.id),
    index('users_is_active_id_idx').on(user.isActive, user.id),
    index('users_role_is_active_id_idx').on(user.role, user.isActive, user.id),
    // For the search of profiles. Not partial, or the planner would not know how many users have an audience, and sort all that fit.
    index('users_audience_username_idx')
      .on(sql`(${user.privacySettings} ->> 'profile')`, user.isActive, sql`(lower(${user.username}) collate "C")`)
      .concurrently(),
    searchIndex('users_everyone_words_idx', searchWords([user.displayName])).where(everyoneFinds(user)),
    check('users_role_check', sql`${user.role} in ('viewer', 'user', 'engineer', 'admin')`),
  ],
)

/** A sign-in method. Its user is found by (issuer, subject), never by the text of an e-mail address; see identity-key.ts. */
export const identities = pgTable(
  'identities',
  {
    id: primaryId(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    provider: text('provider', { enum: identityProviders }).notNull(),
    /** Null for a password, for a legacy id, and for rows from before issuers were stored. */
    issuer: text('issuer'),
    subject: text('subject').notNull(),
    email: text('email'),
    createdAt: createdAt(),
    lastUsedAt: instant('last_used_at').notNull().defaultNow(),
  },
  (identity) => [
    uniqueIndex('identities_issuer_subject_key').on(identity.issuer, identity.subject).concurrently(),
    uniqueIndex('identities_no_issuer_key')
      .on(identity.provider, identity.subject)
      .where(sql`${identity.issuer} is null`)
      .concurrently(),
    index('identities_user_id_idx').on(identity.userId),
  ],
)

/** The secret of an identity `password`, and gone with it. */
export const passwords = pgTable('passwords', {
  identityId: uuid('identity_id')
    .primaryKey()
    .references(() => identities.id, { onDelete: 'cascade' }),
  /** In the PHC string format: argon2id, or bcrypt as it was imported. */
  hash: text('hash').notNull(),
  changedAt: instant('changed_at').notNull().defaultNow(),
})

export const oneTimePurposes = ['verify-email', 'reset-password', 'sign-in'] as const

/** Tokens that work once. The token itself is a MAC over the id and the purpose, so the table is worth nothing to a thief. */
export const oneTimeTokens = pgTable(
  'one_time_tokens',
  {
    id: primaryId(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    purpose: text('purpose', { enum: oneTimePurposes }).notNull(),
    /** Where it was sent: worth nothing once the person has another address. */
    email: text('email'),
    /** The session that it hands over. */
    sessionId: uuid('session_id').references(() => sessions.id, { onDelete: 'cascade' }),
    expiresAt: instant('expires_at').notNull(),
    spentAt: instant('spent_at'),
    createdAt: createdAt(),
  },
  (token) => [
    index('one_time_tokens_user_id_purpose_idx').on(token.userId, token.purpose),
    index('one_time_tokens_session_id_idx').on(token.sessionId),
    index('one_time_tokens_expires_at_idx').on(token.expiresAt),
  ],
)

/** One row a sign-in, and one an API key. An ended one stays for a while: it says why, and that it was real. */
export const sessions = pgTable(
  'sessions',
  {
    id: primaryId(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** Of a session that an outside token opened. The row outlives the way in: it says that the session was ended. */
    identityId: uuid('identity_id').references(() => identities.id, { onDelete: 'set null' }),
    /** SHA-256 of the token; the token itself is only ever in the browser. Null where tokens of our own are used instead. */
    tokenHash: text('token_hash'),
    /** Which refresh token is the current one; it never goes back. */
    refreshCounter: integer('refresh_counter').notNull().default(0),
    refreshRotatedAt: instant('refresh_rotated_at').notNull().defaultNow(),
    /** The newest refresh token that is known to have arrived: an access token that came with it was used. */
    refreshSeen: integer('refresh_seen').notNull().default(0),
    /** When the person last proved who they are, which dangerous changes ask for. */
    authenticatedAt: instant('authenticated_at').notNull().defaultNow(),
    ip: text('ip'),
    userAgent: text('user_agent'),
    createdAt: createdAt(),
    lastUsedAt: instant('last_used_at').notNull().defaultNow(),
    /** Absolute; the idle limit is counted from `lastUsedAt`. */
    expiresAt: instant('expires_at').notNull(),
    endedAt: instant('ended_at'),
    endReason: text('end_reason', { enum: sessionEndReasons }),
    /** Of an API key alone, which has both and is not over for being unused: what it is called, and all that it may do. */
    keyName: text('key_name'),
    keyScopes: text('key_scopes').array().$type<Capability[]>(),
  },
  (session) => [
    check('sessions_key_check', sql`(${session.keyName} is null) = (${session.keyScopes} is null)`),
    index('sessions_key_idx').on(session.id).where(sql`${session.keyScopes} is not null`),
    uniqueIndex('sessions_token_hash_key').on(session.tokenHash),
    index('sessions_user_id_idx').on(session.userId),
    index('sessions_identity_id_idx').on(session.identityId),
  ],
)

/** States of sign-in attempts that came back: inserting one is what spends it. */
export const spentSignIns = pgTable(
  'spent_sign_ins',
  {
    attemptId: uuid('attempt_id').primaryKey(),
    expiresAt: instant('expires_at').notNull(),
  },
  (spent) => [index('spent_sign_ins_expires_at_idx').on(spent.expiresAt)],
)

export type User = typeof users.$inferSelect
