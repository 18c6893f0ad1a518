/** A database of its own for whoever asks: in memory, or on the Postgres of postgres-setup.ts. Migrated, so that a start is quick. */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { inject } from 'vitest'

const server = inject('postgres')
export const onPostgres = server !== undefined

interface TestDatabase {
  url: string
  drop(): Promise<void>
}

export async function createTestDatabase({ empty = false, template = server?.template } = {}): Promise<TestDatabase> {
  if (!server) return { url: 'pglite://memory', drop: async () => {} }
  const name = `plinth_test_${process.pid}_${Math.random().toString(36).slice(2, 10)}`
  const admin = postgres(server.url, { max: 1, onnotice: () => {} })
  await admin.unsafe(`create database ${name}${empty ? '' : ` template ${template}`}`)
  const url = new URL(server.url)
  url.pathname = `/${name}`
  return {
    url: url.href,
    async drop() {
      await admin.unsafe(`drop database if exists ${name} with (force)`)
      await admin.end()
    },
  }
}

/** Outlives the apps that use it: in a folder, or on Postgres. `copyOf` needs that none is open. */
export async function createStoredDatabase(copyOf?: { url: string }): Promise<TestDatabase> {
  if (server) return createTestDatabase(copyOf && { template: new URL(copyOf.url).pathname.slice(1) })
  const root = await mkdtemp(join(tmpdir(), 'plinth-db-'))
  const url = `pglite://${join(root, 'db')}`
  if (copyOf) await cp(copyOf.url.slice('pglite://'.length), join(root, 'db'), { recursive: true })
  return { url, drop: () => rm(root, { recursive: true, force: true }) }
}
