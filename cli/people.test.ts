import { desc, eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { auditLogs } from '../server/platform/audit/table.ts'
import { newId } from '../server/platform/db/columns.ts'
import { users } from '../server/platform/identity/table.ts'
import { CommandLine } from '../server/test/command-line.ts'

const line = await CommandLine.create()
const names = ['ada', 'grace', 'squatter'] as const
const ids = Object.fromEntries(names.map((name) => [name, newId()])) as Record<(typeof names)[number], string>
const address = (name: string) => `${name}@example.org`

beforeAll(() =>
  line.withDatabase(async (db) => {
    await db.insert(users).values(
      names.map((name) => ({
        id: ids[name],
        username: name,
        email: address(name),
        emailVerified: name !== 'squatter',
        displayName: `${name}\u001b[31m`,
      })),
    )
  }),
)
const roleOf = (name: (typeof names)[number]) =>
  line.withDatabase(async (db) => (await db.select().from(users).where(eq(users.id, ids[name])))[0]?.role)
const lastRecord = () =>
  line.withDatabase(async (db) => (await db.select().from(auditLogs).orderBy(desc(auditLogs.id)).limit(1))[0])

describe('admin grant', () => {
  it('refuses whom nobody knows, and an address that nobody has proved', async () => {
    for (const named of ['nobody', newId(), address('squatter')]) {
      const { code, out, err } = await line.run(['admin', 'grant', named])
      expect({ code, out }).toEqual({ code: 65, out: '' })
      expect(err).toMatch(`No user has the name "${named}"`)
    }
    expect(await roleOf('squatter')).toBe('user')
  })

  it('makes the first administrator unasked, and is recorded as done from here by nobody', async () => {
    const { code, out, err } = await line.run(['admin', 'grant', address('ADA')])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(new RegExp(`${ids.ada} .* admin +active`))
    expect(await lastRecord()).toMatchObject({
      actorId: null,
      ip: 'cli',
      action: 'people.changeRole',
      target: `person:${ids.ada}`,
      before: { role: 'user' },
      after: { role: 'admin' },
    })
  })

  it('makes another one only when told that it is meant', async () => {
    expect(await line.run(['admin', 'grant', 'grace'])).toMatchObject({ code: 64, err: expect.stringMatching(/--yes/) })
    expect(await line.run(['admin', 'grant', 'grace'], { answer: false })).toMatchObject({ code: 65 })
    expect(await roleOf('grace')).toBe('user')
    expect(await line.run(['admin', 'grant', 'grace'], { answer: true })).toMatchObject({ code: 0 })
    expect(await roleOf('grace')).toBe('admin')
    expect(await line.run(['people', 'role', ids.grace, 'engineer'])).toMatchObject({ code: 0 })
    expect(await line.run(['admin', 'grant', 'grace', '--yes'])).toMatchObject({ code: 0 })
  })
})

describe('people', () => {
  it('are listed for people, without what steers a terminal, and for scripts', async () => {
    const { out, err } = await line.run(['people', 'list', '--limit', '2'])
    expect(out.split('\n')).toHaveLength(4)
    expect(out).toMatch(/squatter\?\[31m +squatter +squatter@example\.org \(not proved\) +user +active/)
    const [, cursor] = /--cursor (\S+)/.exec(err) ?? []
    const rest = JSON.parse((await line.run(['people', 'list', '--json', '--cursor', String(cursor)])).out)
    expect(rest).toMatchObject({ items: [{ id: ids.ada, role: 'admin', active: true }], nextCursor: null })
    const found = JSON.parse((await line.run(['people', 'list', '--search', 'GRAC', '--json'])).out)
    expect(found.items).toMatchObject([{ id: ids.grace }])
  })

  it('are disabled and enabled, but not the last administrator, nor made one while disabled', async () => {
    expect(await line.run(['people', 'disable', 'grace'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/disabled/),
    })
    expect(await line.run(['people', 'disable', 'ada'])).toMatchObject({
      code: 65,
      err: expect.stringMatching(/last administrator/),
    })
    expect(await line.run(['people', 'role', 'ada', 'user'])).toMatchObject({
      code: 65,
      err: expect.stringMatching(/last administrator/),
    })
    expect(await line.run(['admin', 'grant', 'grace', '-y'])).toMatchObject({
      code: 65,
      err: expect.stringMatching(/is disabled/),
    })
    expect(await line.run(['people', 'enable', 'grace'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/active/),
    })
    expect(await line.run(['people', 'end-sessions', 'ada'])).toMatchObject({ code: 0, out: 'Sessions ended: 0\n' })
  })
})

it('the audit log is read by its filters', async () => {
  const { out } = await line.run(['audit', 'list', '--target', `person:${ids.ada}`, '--json'])
  expect(JSON.parse(out).items.map(({ action }: { action: string }) => action)).toEqual([
    'people.endSessions',
    'people.changeRole',
  ])
  expect((await line.run(['audit', 'list', '--action', 'people.disable'])).out).toMatch(
    new RegExp(`the operator +people\\.disable +person:${ids.grace} +cli\\n$`),
  )
})
