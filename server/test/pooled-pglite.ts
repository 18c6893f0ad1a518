/**
 * `@electric-sql/pglite` for tests on the embedded database (vitest.config.ts). Making a migrated instance in memory costs more CPU than most
 * tests, so a closed one is emptied and serves the next app of the same process. An instance whose schema a test changed is not used again.
 * Databases in folders, and those that begin without migrations, are the library's own.
 */
import { createRequire } from 'node:module'
import type { PGlite as Instance, PGliteOptions } from '@electric-sql/pglite'
import { isMigrated } from './migrated-data-dir.ts'

// Not by its name, under which tests find this file.
const { PGlite: Library } = createRequire(import.meta.url)(
  '@electric-sql/pglite',
) as typeof import('@electric-sql/pglite')

const idle: Instance[] = []
/** Few tests have more open at once, and each takes some 200 MB. */
const idleAtMost = 2

export const PGlite = {
  defaultStartParams: Library.defaultStartParams,
  async create(options: PGliteOptions): Promise<Instance> {
    if (options.dataDir || !isMigrated()) return Library.create(options)
    return idle.pop() ?? pooled(await Library.create(options))
  },
}

async function pooled(instance: Instance): Promise<Instance> {
  const close = instance.close.bind(instance)
  const schema = await schemaOf(instance)
  instance.close = async () => {
    if (idle.length >= idleAtMost || (await schemaOf(instance)) !== schema) return close()
    await empty(instance)
    idle.push(instance)
  }
  return instance
}

/** A digest of tables, columns, constraints, triggers and functions; waits for a transaction that is still open. */
async function schemaOf(instance: Instance): Promise<string> {
  const { rows } = await instance.query<{ digest: string }>(`
    with relations as (select oid, relname from pg_class where relnamespace = 'public'::regnamespace)
    select md5(string_agg(part, ',' order by part)) as digest from (
      select 'relation ' || oid || relname from relations
      union all select 'column ' || attrelid || attname || atttypid || attnotnull from pg_attribute join relations r on r.oid = attrelid
      union all select 'constraint ' || c.oid || conname || convalidated from pg_constraint c
      union all select 'trigger ' || t.oid || tgname || tgenabled::text from pg_trigger t
      union all select 'function ' || p.oid || md5(prosrc) from pg_proc p where pronamespace = 'public'::regnamespace
    ) as parts (part)`)
  return rows[0]?.digest ?? ''
}

async function empty(instance: Instance): Promise<void> {
  await instance.exec('discard all')
  const { rows } = await instance.query<{ name: string }>(`
    select quote_ident(relname) as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and pg_relation_size(oid) > 0`)
  // No migration brings rows, so an empty table is as it was.
  if (rows.length === 0) return
  // Triggers refuse to empty some of them.
  await instance.exec(`
    set session_replication_role = replica;
    truncate ${rows.map(({ name }) => name).join()} restart identity cascade;
    reset session_replication_role`)
}
