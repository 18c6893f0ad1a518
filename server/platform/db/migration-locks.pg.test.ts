/** What migrations lock, and what that means for sessions that use the tables meanwhile. */
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import postgres from 'postgres'
import { expect, it } from 'vitest'
import { atEnd } from '../../test/at-end.ts'
import { createTestDatabase } from '../../test/database.ts'
import { migrationFolder, ownMigrations } from '../../test/migration-folder.ts'
import { until } from '../../test/until.ts'
import { isConcurrent } from './apply-migrations.ts'
import type { DatabaseDriver } from './database.ts'
import { migrationsFolder, readMigrationsOf } from './migrations.ts'
import { openPostgres } from './postgres-driver.ts'

/**
 * The locks that each migration takes on existing tables, except ACCESS SHARE, which a query takes. They are held until the migration
 * ends, while instances of the previous release serve. ACCESS EXCLUSIVE blocks every other session: only for changes whose time does not depend
 * on the number of rows. SHARE, of an index that is not built concurrently, blocks writes.
 */
const locks: Record<string, string[]> = {
  '0000_accounts': [],
  '0001_drafts': ['users SHARE ROW EXCLUSIVE'],
  '0002_audit': [],
  '0003_presence': [],
  '0004_outside_sessions': ['identities SHARE ROW EXCLUSIVE', 'sessions ACCESS EXCLUSIVE'],
  '0005_passwords': ['identities SHARE ROW EXCLUSIVE', 'sessions ACCESS EXCLUSIVE', 'users SHARE ROW EXCLUSIVE'],
  '0006_api_keys': ['audit_logs ACCESS EXCLUSIVE', 'sessions ACCESS EXCLUSIVE'],
  '0007_tasks': ['users SHARE ROW EXCLUSIVE'],
  '0008_conversations': ['users SHARE ROW EXCLUSIVE'],
  '0009_drifts': ['users SHARE ROW EXCLUSIVE'],
  '0010_list_indexes': ['audit_logs SHARE', 'users SHARE'],
  '0011_event_marks': ['channels ACCESS EXCLUSIVE', 'events ACCESS EXCLUSIVE'],
  '0012_audit_protection': ['audit_logs SHARE ROW EXCLUSIVE'],
  '0013_retention_clock': [],
  '0014_identity_issuers': ['identities ACCESS EXCLUSIVE'],
  '0015_identity_issuer_keys': ['concurrently'],
  '0016_identity_issuers_only': ['identities ACCESS EXCLUSIVE'],
  '0017_invitations': ['users SHARE ROW EXCLUSIVE'],
  '0018_invitation_mailboxes': ['concurrently'],
  '0019_spent_invitations': ['invitations ACCESS EXCLUSIVE'],
  '0020_draft_departures': ['drafts SHARE ROW EXCLUSIVE', 'users SHARE ROW EXCLUSIVE'],
  '0021_settled_alerts': ['alert_counts ACCESS EXCLUSIVE', 'alerts ACCESS EXCLUSIVE'],
  '0022_settled_alert_rows': [
    'alert_counts ROW EXCLUSIVE',
    'alert_read_counts ROW EXCLUSIVE',
    'alert_reads SHARE ROW EXCLUSIVE',
    'alerts SHARE ROW EXCLUSIVE',
  ],
  '0023_settled_alert_indexes': ['concurrently'],
  '0024_drift_history': ['drifts SHARE ROW EXCLUSIVE', 'users SHARE ROW EXCLUSIVE'],
  '0025_search_words': [],
  '0026_search_indexes': ['concurrently'],
  '0027_profiles': ['users ACCESS EXCLUSIVE'],
  '0028_profile_indexes': ['concurrently'],
  '0029_groups': ['invitations ACCESS EXCLUSIVE', 'users SHARE ROW EXCLUSIVE'],
}
const log = pino({ level: 'silent' })
const signal = new AbortController().signal

async function openDatabase(options: { empty?: boolean }, logged: pino.Logger = log) {
  const { url, drop } = await createTestDatabase(options)
  const driver = openPostgres({ url, directUrl: url, prepare: true, poolMax: 4, waitMs: 2_000 }, logged)
  const other = postgres(url, { max: 4, onnotice: () => {} })
  atEnd(async () => {
    await driver.close()
    await other.end()
    await drop()
  })
  return { driver, other, url }
}

it('each migration takes the locks that are listed, and no others', async () => {
  const { other } = await openDatabase({ empty: true })
  const words = (mode: string) =>
    mode
      .replace(/Lock$/, '')
      .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
      .toUpperCase()
  const found: Record<string, string[]> = {}
  for (const migration of readMigrationsOf(migrationsFolder)) {
    // It runs outside a transaction, where its locks cannot be listed. It takes only SHARE UPDATE EXCLUSIVE.
    if (isConcurrent(migration)) {
      for (const statement of migration.statements) await other.unsafe(statement)
      found[migration.name] = ['concurrently']
      continue
    }
    await other.begin(async (tx) => {
      const before =
        await tx`select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`
      const tables = before.map(({ relname }) => relname)
      for (const statement of migration.statements) await tx.unsafe(statement)
      const held = await tx`
        select distinct relname, mode from pg_locks join pg_class on pg_class.oid = relation
        where pid = pg_backend_pid() and relname = any(${tables}) and mode <> 'AccessShareLock'`
      // The strongest lock on each table: it conflicts with all that the others do.
      const strength = [
        'RowShare',
        'RowExclusive',
        'ShareUpdateExclusive',
        'Share',
        'ShareRowExclusive',
        'Exclusive',
        'AccessExclusive',
      ]
      const strongest = new Map<string, string>()
      for (const { relname, mode } of held) {
        const known = strongest.get(relname)
        const rank = (lock: string) => strength.indexOf(lock.replace(/Lock$/, ''))
        if (!known || rank(mode) > rank(known)) strongest.set(relname, mode)
      }
      found[migration.name] = [...strongest].map(([table, mode]) => `${table} ${words(mode)}`).sort()
    })
  }
  expect(found).toEqual(locks)
  expect(Object.keys(locks)).toEqual(ownMigrations().map(({ tag }) => tag))
})

it('a migration behind a long reader lets other sessions through, and is applied when the reader is done', async () => {
  const lines: string[] = []
  const logged = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
  const { driver, other, url } = await openDatabase({}, logged)
  const folder = migrationFolder({
    added: [{ name: '9001_late', sql: 'alter table sessions add column late integer' }],
  })
  const reader = Promise.withResolvers<void>()
  const reading = Promise.withResolvers<void>()
  const holding = other.begin(async (tx) => {
    await tx`select count(*) from sessions`
    reading.resolve()
    await reader.promise
  })
  await reading.promise
  const migrating = driver.migrate(folder, signal)
  const waits = async () =>
    (
      await other`select 1 from pg_stat_activity where application_name = 'plinth migrations'
      and wait_event_type = 'Lock' and datname = ${new URL(url).pathname.slice(1)}`
    ).length > 0
  // Three times: it gives up and tries again, and each time the statement behind it runs.
  const served: number[] = []
  for (let times = 0; times < 3; times++) {
    await until('the migration waits', waits)
    const began = performance.now()
    await driver.db.execute(sql`select count(*) from sessions`)
    served.push(performance.now() - began)
    await until('the migration gave up', async () => !(await waits()))
  }
  expect(Math.max(...served)).toBeLessThan(4_000)
  reader.resolve()
  await Promise.all([holding, migrating])
  expect(await other`select late from sessions`).toEqual([])
  expect(lines.filter((line) => line.includes('waits for a table that another session uses'))).toHaveLength(1)
})

it('an index is built concurrently while other instances wait to migrate, and while a table is written to', async () => {
  const { driver, other, url } = await openDatabase({})
  const name = {
    name: '9001_index',
    sql: 'CREATE INDEX CONCURRENTLY "users_late" ON "users" USING btree ("display_name")',
  }
  const folder = migrationFolder({ added: [name] })
  const writer = Promise.withResolvers<void>()
  const written = Promise.withResolvers<void>()
  const writing = other.begin(async (tx) => {
    await tx`insert into users (id, display_name) values (gen_random_uuid(), 'Ada')`
    written.resolve()
    await writer.promise
  })
  await written.promise
  const instances = [driver, ...Array.from({ length: 2 }, () => instanceOf(url))]
  const migrating = instances.map((instance) => instance.migrate(folder, signal))
  const count = async (condition: string) =>
    (await other.unsafe(`select 1 from pg_stat_activity where datname = current_database() and ${condition}`)).length
  await until(
    'one waits for the writer',
    async () => (await count(`query ilike 'create index%' and wait_event_type = 'Lock'`)) === 1,
  )
  await until(
    'the others wait for it',
    async () => (await count(`query ilike '%pg_try_advisory_lock%' and pid <> pg_backend_pid()`)) === 2,
  )
  await other`insert into users (id, display_name) values (gen_random_uuid(), 'Grace')`
  writer.resolve()
  await Promise.all([writing, ...migrating])
  expect([...(await other`select indisvalid from pg_index where indexrelid = 'users_late'::regclass`)]).toEqual([
    { indisvalid: true },
  ])
})

function instanceOf(url: string): DatabaseDriver {
  const driver = openPostgres({ url, directUrl: url, prepare: true, poolMax: 1, waitMs: 2_000 }, log)
  atEnd(() => driver.close())
  return driver
}
