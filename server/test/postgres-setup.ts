/**
 * Once a run, for all tests on Postgres: a cluster of their own, unless TEST_DATABASE_URL names one, and in it a database with our
 * migrations applied, of which `createTestDatabase` makes theirs.
 */
import { pino } from 'pino'
import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { migrationsFolder } from '../platform/db/migrations.ts'
import { openPostgres } from '../platform/db/postgres-driver.ts'
import { PostgresServer } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { url: string; template: string }
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const own = process.env.TEST_DATABASE_URL ? null : await PostgresServer.create()
  const url = process.env.TEST_DATABASE_URL || (own as PostgresServer).url()
  const template = `plinth_test_${process.pid}_template`
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  await admin.unsafe(`create database ${template}`)
  const at = new URL(url)
  at.pathname = `/${template}`
  const database = openPostgres(
    { url: at.href, directUrl: at.href, prepare: true, poolMax: 1, waitMs: 2_000 },
    pino({ level: 'silent' }),
  )
  await database.migrate(migrationsFolder, new AbortController().signal)
  await database.close()
  project.provide('postgres', { url, template })
  return async () => {
    await admin.unsafe(`drop database ${template}`)
    await admin.end()
    await own?.close()
  }
}
