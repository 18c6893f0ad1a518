import { sql } from 'drizzle-orm'
import { boolean, check, index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { roles, sessionEndReasons } from '../../../shared/account.ts'
import { createdAt, instant, primaryId, updatedAt } from '../db/columns.ts'

export const users = pgTable(
  'users',
  {
    id: primaryId(),
    email: text('email'),
    emailVerified: boolean('email_verified').notNull().default(false),
    username: text('username'),
    displayName: text('display_name').notNull(),
    avatarUrl: text('avatar_url'),
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
    check('users_role_check', sql`${user.role} in ('viewer', 'user', 'engineer', 'admin')`),
  ],
)

/** A way in. The person is found by (provider, subject), never by the text of an e-mail address. */
export const identities = pgTable(
  'identities',
  {
    id: primaryId(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    provider: text('provider', { enum: ['google'] }).notNull(),
    subject: text('subject').notNull(),
    email: text('email'),
    createdAt: createdAt(),
    lastUsedAt: instant('last_used_at').notNull().defaultNow(),
  },
  (identity) => [
    uniqueIndex('identities_provider_subject_key').on(identity.provider, identity.subject),
    index('identities_user_id_idx').on(identity.userId),
  ],
)

/** One row a sign-in. An ended one stays for a while: it says why, and that it was real. */
export const sessions = pgTable(
  'sessions',
  {
    id: primaryId(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** SHA-256 of the token; the token itself is only ever in the browser. */
    tokenHash: text('token_hash').notNull(),
    ip: text('ip'),
    userAgent: text('user_agent'),
    createdAt: createdAt(),
    lastUsedAt: instant('last_used_at').notNull().defaultNow(),
    /** Absolute; the idle limit is counted from `lastUsedAt`. */
    expiresAt: instant('expires_at').notNull(),
    endedAt: instant('ended_at'),
    endReason: text('end_reason', { enum: sessionEndReasons }),
  },
  (session) => [
    uniqueIndex('sessions_token_hash_key').on(session.tokenHash),
    index('sessions_user_id_idx').on(session.userId),
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
