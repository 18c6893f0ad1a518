import { desc, eq, like } from 'drizzle-orm'
import { beforeAll, expect, it } from 'vitest'
import { auditLogs } from '../server/platform/audit/table.ts'
import { newId } from '../server/platform/db/columns.ts'
import { hashApiKey } from '../server/platform/identity/api-keys.ts'
import { sessions, users } from '../server/platform/identity/table.ts'
import { CommandLine } from '../server/test/command-line.ts'

const line = await CommandLine.create()
const [ada, grace] = [newId(), newId()]
beforeAll(() =>
  line.withDatabase((db) =>
    db.insert(users).values([
      { id: ada, username: 'ada', displayName: 'Ada' },
      { id: grace, username: 'grace', displayName: 'Grace' },
    ]),
  ),
)
const create = (...more: string[]) => line.run(['keys', 'create', 'ada', '--name', 'Detector', ...more])

it('keys create prints the key and nothing else to stdout, and keeps it nowhere', async () => {
  const { code, out, err } = await create('--scope', 'draft:read', '--scope', 'draft:write')
  expect(code, err).toBe(0)
  expect(out).toMatch(/^plinth_key_[0-9a-f]{72}\n$/)
  expect(err).toMatch(/Ada +Detector +draft:read draft:write .*\n.*shown this once/)
  await line.withDatabase(async (db) => {
    const [row] = await db.select().from(sessions).where(eq(sessions.userId, ada))
    expect(row).toMatchObject({ tokenHash: hashApiKey(out.trim()), keyScopes: ['draft:read', 'draft:write'] })
    const [record] = await db
      .select()
      .from(auditLogs)
      .where(like(auditLogs.action, 'apiKeys.%'))
      .orderBy(desc(auditLogs.id))
    expect(record).toMatchObject({ actorId: null, ip: 'cli', target: `api-key:${row?.id}`, after: { userId: ada } })
    expect(JSON.stringify(record)).not.toContain(out.trim())
  })
})

it('keys create names the fault of an invalid argument', async () => {
  for (const [words, code, said] of [
    [['--scope', 'everything'], 64, /scopes/],
    [[], 64, /scopes: Choose at least one/],
    [['--scope', 'draft:read', '--expires', 'soon'], 64, /number of days, or never/],
    [['--scope', 'draft:read', '--expires', '400'], 64, /expiresInDays/],
    [['--scope', 'person:manage'], 65, /leave out person:manage/],
  ] as const) {
    const answer = await create(...words)
    expect([words, answer.code, answer.out]).toEqual([words, code, ''])
    expect(answer.err).toMatch(said)
  }
  const unknown = await line.run(['keys', 'create', 'nobody', '--name', 'x', '--scope', 'draft:read'])
  expect(unknown).toMatchObject({ code: 65, out: '', err: expect.stringMatching(/No user has the name "nobody"/) })
})

it('audit list --key tells what was done by a key', async () => {
  const apiKeyId = newId()
  const done = { actorId: ada, action: 'drafts.rename', ip: '10.0.0.1', requestId: 'r' }
  await line.withDatabase((db) =>
    db.insert(auditLogs).values([
      { ...done, target: 'draft:1', apiKeyId },
      { ...done, target: 'draft:2' },
    ]),
  )
  const { out } = await line.run(['audit', 'list', '--key', apiKeyId])
  expect(out.trim().split('\n')).toHaveLength(2)
  expect(out).toMatch(new RegExp(`Ada by key ${apiKeyId} +drafts\\.rename +draft:1 +10\\.0\\.0\\.1\\n$`))
})

it('keys list shows the keys of all users or of one, until keys revoke ends them', async () => {
  const made = JSON.parse((await create('--scope', 'draft:read', '--expires', 'never', '--json')).out)
  expect(made).toMatchObject({ name: 'Detector', expiresAt: null, key: expect.stringMatching(/^plinth_key_/) })
  await line.run(['keys', 'create', grace, '--name', 'Other', '--scope', 'draft:read'])
  const listed = JSON.parse((await line.run(['keys', 'list', '--json', '--person', 'ada'])).out)
  expect(listed.items[0]).toMatchObject({ id: made.id, person: { displayName: 'Ada' }, lastUsedAt: null })
  expect(listed.items.some(({ person }: { person: { id: string } }) => person.id === grace)).toBe(false)
  const all = await line.run(['keys', 'list', '--limit', '1'])
  expect(all.out).toMatch(/Grace +Other +draft:read/)
  expect(all.out).not.toContain('plinth_key_')
  expect(all.err).toMatch(/--cursor /)
  expect(await line.run(['keys', 'revoke', made.id])).toEqual({ code: 0, out: '', err: 'Revoked.\n' })
  expect(await line.run(['keys', 'revoke', made.id])).toMatchObject({ code: 65 })
  expect(await line.run(['keys', 'revoke', 'x'])).toMatchObject({ code: 65 })
  const left = JSON.parse((await line.run(['keys', 'list', '--json', '--person', 'ada'])).out)
  expect(left.items.map(({ id }: { id: string }) => id)).not.toContain(made.id)
})
