/**
 * An identity is found by its issuer and the issuer's subject (OpenID Connect Core 5.7), so a new issuer in place of the
 * configured one has other users, even with the same subjects. Passwords and legacy ids have no issuer. Nor do rows from before issuers
 * were stored: they belong to the issuer that was configured then, which a migration cannot know, so the server fills it in.
 */
import { and, eq, isNull, type SQL, sql } from 'drizzle-orm'
import type { Config } from '../config/config.ts'
import type { Database } from '../db/database.ts'
import type { WayIn } from './provider.ts'
import { identities } from './table.ts'

/** For a query of `identities`, of which the first row by `byIssuer` counts: a row without an issuer beside one with it belongs to another issuer. */
export function isIdentity({ provider, issuer, subject }: WayIn): SQL {
  const isUnnamed = and(eq(identities.provider, provider), isNull(identities.issuer))
  const isOf = issuer === null ? isUnnamed : sql`(${identities.issuer} = ${issuer} or (${isUnnamed}))`
  return sql`(${identities.subject} = ${subject} and ${isOf})`
}

export const byIssuer: SQL = sql`${identities.issuer} nulls last`

/** Issuers are compared without their trailing slash, which documents and tokens of one issuer do not always agree on. */
export const issuerName = (url: string): string => url.replace(/\/+$/, '')

/**
 * Fills in the issuers of rows from before they were stored, and of rows that an instance of the previous release has added since. Until
 * then each is found by its provider, and gets its issuer at the next sign-in.
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
