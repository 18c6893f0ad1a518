/**
 * Once a run, for all tests on Postgres: a cluster of their own, unless TEST_DATABASE_URL names one, and in it a database with our
 * migrations applied, of which `createTestDatabase` makes theirs.
 */
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { migrationsFolder } from '../platform/db/migrations.ts'
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
  const client = postgres(at.href, { max: 1, onnotice: () => {} })
  await migrate(drizzle(client), { migrationsFolder })
  await client.end()
  project.provide('postgres', { url, template })
  return async () => {
    await admin.unsafe(`drop database ${template}`)
    await admin.end()
    await own?.close()
  }
}
