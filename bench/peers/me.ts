/**
 * What every peer does alike to say who is signed in: the token out of the cookie, its hash, the session that it opens, and the
 * fields of its person, which are those of Plinth's `account.me`. The tables and their indexes are Plinth's.
 */
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import pg from 'pg'

/** As many as Plinth has by default. */
const poolSize = 10

/** Of the process: where its database is. */
export const databaseUrl = process.argv[2] as string

/** None is closed while another server has its turn: what is measured is a server that is busy. */
export const poolSettings = { connectionString: databaseUrl, max: poolSize, idleTimeoutMillis: 0 }

export const openPool = () => new pg.Pool(poolSettings)

export function tokenHashOf(cookie: string | undefined): string {
  const [, token = ''] = /(?:^|; )plinth_session=([\w-]{43})(?:;|$)/.exec(cookie ?? '') ?? []
  return createHash('sha256').update(token).digest('base64url')
}

const isAlive = "s.ended_at is null and s.expires_at > now() and s.last_used_at > now() - interval '7 days'"
const fields = `u.id, u.email, u.email_verified as "emailVerified", u.username, u.display_name as "displayName",
  u.avatar_url as "avatarUrl", u.role, u.created_at as "createdAt", u.last_login_at as "lastLoginAt"`

/** Named, and so prepared. */
export const statements = {
  session: {
    name: 'session',
    text: `select s.user_id as "userId" from sessions s where s.token_hash = $1 and ${isAlive}`,
  },
  person: { name: 'person', text: `select ${fields} from users u where u.id = $1 and u.is_active` },
  both: {
    name: 'both',
    text: `select ${fields} from sessions s join users u on u.id = s.user_id
      where s.token_hash = $1 and ${isAlive} and u.is_active`,
  },
}

export const unauthorized = { error: 'unauthorized' }

export function tellPort(address: AddressInfo, more: Record<string, unknown> = {}): void {
  process.once('disconnect', () => process.exit())
  process.send?.({ port: address.port, ...more })
}
