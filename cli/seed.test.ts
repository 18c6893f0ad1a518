import { like } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { auditLogs } from '../server/platform/audit/table.ts'
import { PasswordHashes } from '../server/platform/identity/password-hash.ts'
import { findPersonByEmail } from '../server/platform/identity/passwords.ts'
import { CommandLine } from '../server/test/command-line.ts'

const line = await CommandLine.create()

it('seed sets passwords for the three demo users, shows them once and stores only their hashes', async () => {
  const hashes = new PasswordHashes()
  const earlier: string[] = []
  for (const _ of ['first', 'second']) {
    const { code, out } = await line.run(['seed', '--json'])
    expect(code).toBe(0)
    const people: { email: string; role: string; password: string }[] = JSON.parse(out)
    expect(people.map(({ email, role }) => [email, role])).toEqual([
      ['viewer@plinth.local', 'viewer'],
      ['engineer@plinth.local', 'engineer'],
      ['admin@plinth.local', 'admin'],
    ])
    await line.withDatabase(async (db) => {
      for (const { email, password } of people) {
        const { hash } = (await findPersonByEmail(db, email)) ?? {}
        expect(hash).toMatch(/^\$argon2id\$/)
        expect(await hashes.check(hash ?? null, password)).toEqual({ good: true, stale: false })
      }
      const records = await db.select().from(auditLogs).where(like(auditLogs.action, 'people.seed'))
      expect(records.length).toBe(earlier.length + 3)
      expect(JSON.stringify(records)).not.toContain(people[0]?.password)
    })
    earlier.push(...people.map(({ password }) => password))
  }
  expect(new Set(earlier).size).toBe(6)
})

it('seed refuses in production, before it opens anything', async () => {
  const settings = { NODE_ENV: 'production', PUBLIC_URL: 'https://app.example.com', GOOGLE_ISSUER: '' }
  const { code, err } = await line.run(['seed'], { ...settings, DATABASE_URL: 'postgres://plinth@127.0.0.1:9/plinth' })
  expect({ code, err }).toEqual({ code: 65, err: 'Demo people are for development: refused in production.\n' })
})

it('the legacy report names who still comes by a legacy id', async () => {
  const used = { action: 'auth.legacyHeader', target: 'legacy:ada-7', ip: '10.0.0.1', requestId: 'r' }
  await line.withDatabase((db) => db.insert(auditLogs).values([used, used]))
  const { out, err } = await line.run(['legacy', 'report'])
  expect(err).toBe('')
  expect(out).toMatch(/\nada-7 +- +2 .*10\.0\.0\.1 +still in use\n$/)
})
