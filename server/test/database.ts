/** A database of its own for whoever asks: in memory, or on the Postgres that TEST_DATABASE_URL names. */
import postgres from 'postgres'

export const onPostgres = Boolean(process.env.TEST_DATABASE_URL)

export async function createTestDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = process.env.TEST_DATABASE_URL
  if (!server) return { url: 'pglite://memory', drop: async () => {} }
  const name = `plinth_test_${process.pid}_${Math.random().toString(36).slice(2, 10)}`
  const admin = postgres(server, { max: 1, onnotice: () => {} })
  await admin.unsafe(`create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    url: url.href,
    async drop() {
      await admin.unsafe(`drop database if exists ${name} with (force)`)
      await admin.end()
    },
  }
}
