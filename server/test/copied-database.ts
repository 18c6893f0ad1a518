/** A database with something in each table, and of each kind of value that a copy could spoil; and how one is compared with its copy. */
import { sql } from 'drizzle-orm'
import { draftChannel } from '../features/drafts/service.ts'
import { draftCollaborators, draftSegments, drafts } from '../features/drafts/table.ts'
import { recordAudit } from '../platform/audit/audit-log.ts'
import { newId } from '../platform/db/columns.ts'
import type { Database } from '../platform/db/database.ts'
import { rowsOf } from '../platform/db/rows.ts'
import { withSnapshot } from '../platform/db/transaction.ts'
import { idempotencyKeys } from '../platform/idempotency/table.ts'
import { identities, passwords, sessions, users } from '../platform/identity/table.ts'
import { invitations } from '../platform/invitations/table.ts'
import { rateLimits } from '../platform/limits/table.ts'
import { publish } from '../platform/live/publish.ts'
import { queueMail } from '../platform/mail/mail-queue.ts'
import type { CommandLine } from './command-line.ts'

/** Kinds of columns that no table of ours has yet; in both databases. */
export const kindsTable = sql.raw(`create table kinds (
  id bigint primary key, bytes bytea, whole bigint, real double precision, exact numeric, words text[], span interval,
  at timestamptz, day date, loose json, tight jsonb, half bigint generated always as (id / 2) stored
)`)

const difficult =
  'tab\t line\nfeed\r\n "quoted" \\ back\\\\slash U+2028\u2028U+2029\u2029 🧵 e\u0301 {"json":[null]} \u007f\u0085 \\N \\. end'

export async function fillDatabase(db: Database): Promise<void> {
  await db.execute(kindsTable)
  await db.execute(sql`insert into kinds values
    (9223372036854775807, '\\x00ff5c0a', -9223372036854775808, 0.1::float8 + 0.2::float8, 12345678901234567890.123456789,
     array['a,b', 'c"d', null, ''], '1 mon 2 days 03:04:05.678901', '2026-02-28 23:59:59.123456+14', '0044-03-15 BC',
     '{ "b": 1.0, "a":  [1e400] , "b": 2 }', '{"n": 12345678901234567890.10, "s": "\\u2028"}'),
    (0, '', 0, '-Infinity', 'NaN', '{}', '-1 years', 'infinity', '-infinity', 'null', 'null'),
    (-1, null, null, null, null, null, null, null, null, null, null)`)
  const people = [newId(), newId()] as const
  await db
    .insert(users)
    .values(people.map((id, n) => ({ id, displayName: n ? difficult : 'Ada', email: `${id}@example.org` })))
  const [ada, grace] = people
  const identityId = newId()
  await db.insert(identities).values({ id: identityId, userId: ada, provider: 'password', subject: ada })
  await db.insert(passwords).values({ identityId, hash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA' })
  await db
    .insert(sessions)
    .values({ userId: ada, identityId, tokenHash: 'h', expiresAt: new Date(Date.now() + 3_600_000) })
  const draftId = newId()
  await db
    .insert(drafts)
    .values({ id: draftId, title: difficult, ownerId: ada, ringHolderId: grace, segmentCount: 1200 })
  await db.insert(draftCollaborators).values(people.map((userId) => ({ draftId, userId })))
  // More than are copied at once.
  const segments = Array.from({ length: 1200 }, (_, n) => ({
    id: newId(),
    draftId,
    position: n + 1,
    text: `${n} ${difficult}`,
  }))
  for (let at = 0; at < segments.length; at += 300) await db.insert(draftSegments).values(segments.slice(at, at + 300))
  for (let n = 0; n < 5; n++)
    await publish(db, draftChannel(draftId), { type: 'draft.updated', actorId: ada, title: difficult })
  await recordAudit(db, {
    actorId: ada,
    action: 'drafts.rename',
    target: `draft:${draftId}`,
    before: { title: difficult },
    after: null,
    ip: '::1',
    requestId: 'r',
  })
  await db.insert(invitations).values({
    kind: 'draft',
    targetId: draftId,
    address: 'grace@example.org',
    typed: difficult,
    inviterId: ada,
    expiresAt: new Date(Date.now() + 3_600_000),
  })
  await queueMail(db, 'ada@example.org', 'password-changed', { name: difficult })
  await db.insert(rateLimits).values({ key: 'k', points: 3, expire: Number.MAX_SAFE_INTEGER })
  await db.insert(idempotencyKeys).values({ actorId: ada, key: 'k', requestHash: 'h' })
  // As text, byte for byte: what is between its values is a part of it.
  await db.execute(sql`update idempotency_keys set answer = '{ "data":  {"b":1,"a":1.0} }'::json`)
}

/** Names of the tables whose rows differ; but for what is not copied: epochs of channels, records of copying, and who is there now. */
export async function compareDatabases(one: CommandLine, other: CommandLine): Promise<string[]> {
  const [first, second] = [await one.withDatabase(digests), await other.withDatabase(digests)]
  if (first.size < 13) throw new Error('there should be more tables to compare')
  return [...new Set([...first.keys(), ...second.keys()])].filter((table) => first.get(table) !== second.get(table))
}

async function digests(db: Database): Promise<Map<string, string>> {
  return withSnapshot(db, async (tx) => {
    await tx.execute(sql`select set_config('timezone', 'UTC', true)`)
    const tables = rowsOf<{ name: string }>(
      await tx.execute(
        sql`select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and relname not like 'presence_%' and relname <> 'retention_clock'`,
      ),
    )
    const found = new Map<string, string>()
    for (const { name } of tables) {
      const rows =
        name === 'channels'
          ? 'select id, head, floor from channels'
          : name === 'audit_logs'
            ? `select * from audit_logs where action not like 'database.%'`
            : `select * from "${name}"`
      const [row] = rowsOf<{ digest: string }>(
        await tx.execute(
          sql.raw(
            `select count(*) || ' rows ' || coalesce(md5(string_agg(r::text, '|' order by r::text collate "C")), '') as digest from (${rows}) r`,
          ),
        ),
      )
      found.set(name, String(row?.digest))
    }
    return found
  })
}
