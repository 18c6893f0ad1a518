/**
 * By what an identity is found: its issuer and the issuer's subject (OpenID Connect Core 5.7), so another issuer in the place of the
 * configured one has other users, though its subjects be the same. Passwords and legacy ids have no issuer. Nor have rows from before issuers
 * were stored: they are of the issuer that was configured then, which a migration cannot know, so the server writes it down.
 */
import { and, eq, isNull, type SQL, sql } from 'drizzle-orm'
import type { Config } from '../config/config.ts'
import type { Database } from '../db/database.ts'
import type { WayIn } from './provider.ts'
import { identities } from './table.ts'

/** In a query of `identities`, the first one `byIssuer`: beside the row of the issuer there may be one from before, which is not its then. */
export function isIdentity({ provider, issuer, subject }: WayIn): SQL {
  const isUnnamed = and(eq(identities.provider, provider), isNull(identities.issuer))
  const isOf = issuer === null ? isUnnamed : sql`(${identities.issuer} = ${issuer} or (${isUnnamed}))`
  return sql`(${identities.subject} = ${subject} and ${isOf})`
}

export const byIssuer: SQL = sql`${identities.issuer} nulls last`

/** Issuers are compared without the slash at their end, which some documents have and some tokens have not. */
export const issuerName = (url: string): string => url.replace(/\/+$/, '')

/**
 * Writes down the issuers of rows from before they were stored, and of those that an instance of that release has added since. Until
 * then each is found by its provider, and gets its issuer at its next sign-in.
 */
export async function nameIssuers(db: Database, { auth }: Config): Promise<number> {
  const issuers: [WayIn['provider'], string | undefined][] = [
    ['google', auth.mock ? undefined : auth.google?.issuer],
    ['clerk', auth.clerk?.issuer],
    ['better-auth', auth.betterAuth.url ?? undefined],
  ]
  let named = 0
  for (const [provider, url] of issuers) {
    if (url === undefined) continue
    const issuer = issuerName(url)
    const rows = await db
      .update(identities)
      .set({ issuer })
      .where(
        and(
          eq(identities.provider, provider),
          isNull(identities.issuer),
          sql`not exists (select 1 from identities other where other.issuer = ${issuer} and other.subject = ${identities.subject})`,
        ),
      )
      .returning({ id: identities.id })
    named += rows.length
  }
  return named
}
