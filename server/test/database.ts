/** A database of its own for whoever asks: in memory, or on the Postgres of postgres-setup.ts. Migrated, so that a start is quick. */
import postgres from 'postgres'
import { inject } from 'vitest'

const server = inject('postgres')
export const onPostgres = server !== undefined

export async function createTestDatabase({ empty = false } = {}): Promise<{ url: string; drop(): Promise<void> }> {
  if (!server) return { url: 'pglite://memory', drop: async () => {} }
  const name = `plinth_test_${process.pid}_${Math.random().toString(36).slice(2, 10)}`
  const admin = postgres(server.url, { max: 1, onnotice: () => {} })
  await admin.unsafe(`create database ${name}${empty ? '' : ` template ${server.template}`}`)
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
