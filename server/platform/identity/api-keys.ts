/**
 * API keys: a secret text for programs, and the row of `sessions` that it opens, which says whose it is and all that it may do. It is
 * a bearer credential and nothing else: no cookie can hold its text, and it renews nothing. It counts as never freshly signed in.
 */
import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { sql } from 'drizzle-orm'
import type { Capability } from '../../../shared/capabilities.ts'
import type { Database } from '../db/database.ts'
import { never } from './sessions.ts'
import { sessions } from './table.ts'

/** By which scanners of repositories and logs know one. */
const prefix = 'plinth_key_'
const form = /^plinth_key_([0-9a-f]{64})([0-9a-f]{8})$/
const notYet = new Date(0)

export type ApiKeyRow = typeof sessions.$inferSelect & { keyName: string; keyScopes: Capability[] }

/** Such a bearer is this or nothing: no other credential begins so. */
export const isMeantAsApiKey = (token: string): boolean => token.startsWith(prefix)

/** What the database holds; null for text that was never a key of ours, as far as its checksum tells. */
export function hashApiKey(key: string): string | null {
  const [, random = '', sum] = form.exec(key) ?? []
  return sum === checksum(random) ? createHash('sha256').update(key).digest('base64url') : null
}

/** 256 random bits: a lookup by its hash needs no constant-time comparison. */
function newApiKey(): string {
  const random = randomBytes(32).toString('hex')
  return prefix + random + checksum(random)
}

/** Tells a key from what only looks like one, and from one that was cut off, without asking anybody. */
const checksum = (text: string) => crc32(text).toString(16).padStart(8, '0')

/** `key` is returned once and stored nowhere. `expiresInDays`: null for until it is revoked. */
export async function insertApiKey(
  tx: Database,
  {
    userId,
    name,
    scopes,
    expiresInDays,
  }: { userId: string; name: string; scopes: readonly Capability[]; expiresInDays: number | null },
): Promise<{ key: string; row: ApiKeyRow }> {
  const key = newApiKey()
  const [row] = await tx
    .insert(sessions)
    .values({
      userId,
      keyName: name,
      keyScopes: [...scopes],
      tokenHash: hashApiKey(key),
      expiresAt: expiresInDays === null ? never : sql`now() + ${sql.raw(`interval '${expiresInDays} days'`)}`,
      lastUsedAt: notYet,
      authenticatedAt: notYet,
    })
    .returning()
  return { key, row: row as ApiKeyRow }
}

/** Null while it is not used. */
export const lastUseOf = ({ lastUsedAt }: ApiKeyRow): Date | null =>
  lastUsedAt.getTime() === notYet.getTime() ? null : lastUsedAt

/** Null where it does not end by itself. */
export const endOf = ({ expiresAt }: ApiKeyRow): Date | null =>
  expiresAt.getTime() === never.getTime() ? null : expiresAt
