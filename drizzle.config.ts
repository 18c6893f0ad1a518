import { defineConfig } from 'drizzle-kit'

/** `db:studio` says which database; generating migrations needs none. */
const url = process.env.DATABASE_URL ?? ''
const [, folder] = /^pglite:\/\/(.+)$/.exec(url) ?? []

export default defineConfig({
  dialect: 'postgresql',
  schema: './server/**/table.ts',
  out: './migrations',
  ...(folder ? { driver: 'pglite', dbCredentials: { url: folder } } : { dbCredentials: { url } }),
})
