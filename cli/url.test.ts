/** Commands at a server that `--url` names, as whom PLINTH_TOKEN is of. */
import { eq, sql } from 'drizzle-orm'
import { beforeAll, expect, it } from 'vitest'
import { freePort } from '../dev/free-port.ts'
import { auditLogs } from '../server/platform/audit/table.ts'
import { sessions, users } from '../server/platform/identity/table.ts'
import { keyOf } from '../server/test/api-keys.ts'
import { buildTestApp, testEnvironment } from '../server/test/app.ts'
import { makeAdministrator } from '../server/test/calls.ts'
import { CommandLine } from '../server/test/command-line.ts'
import { signedIn } from '../server/test/followers.ts'
import { openProgram } from '../server/test/programs.ts'

const port = await freePort(0)
const url = `http://127.0.0.1:${port}`
const app = await buildTestApp({ environment: { PUBLIC_URL: url } })
/** No settings at all: the server has its own. */
const line = new CommandLine({})
const ofAdmin = { token: '', id: '' }

beforeAll(async () => {
  await app.root.listen({ port, host: '127.0.0.1' })
  const admin = await signedIn(app)
  await makeAdministrator(app, admin)
  const { accessToken } = await openProgram(app, admin)
  Object.assign(ofAdmin, { token: accessToken, id: admin.id })
})

it('an administrator’s token does what they may, and the record says who it was', async () => {
  const { id } = await signedIn(app)
  const PLINTH_TOKEN = ofAdmin.token
  expect(await line.run(['people', 'role', id, 'engineer', '--url', url], { PLINTH_TOKEN })).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringMatching(new RegExp(`${id} .* engineer`)),
  })
  const [person] = await app.database.db.select().from(users).where(eq(users.id, id))
  expect(person?.role).toBe('engineer')
  const records = await app.database.db
    .select()
    .from(auditLogs)
    .where(eq(auditLogs.target, `person:${id}`))
  expect(records).toMatchObject([{ action: 'people.changeRole', actorId: ofAdmin.id, ip: '127.0.0.1' }])
  const listed = await line.run(['people', 'sessions', id, '--json', '--url', url], { PLINTH_TOKEN })
  const [session] = JSON.parse(listed.out).items
  expect(await line.run(['people', 'end-session', id, session.id, '--url', url], { PLINTH_TOKEN })).toMatchObject({
    code: 0,
    out: 'Sessions ended: 1\n',
  })
  expect(await line.run(['people', 'end-session', id, session.id, '--url', url], { PLINTH_TOKEN })).toMatchObject({
    code: 65,
  })
})

it('a token of somebody else is refused in a sentence', async () => {
  const { accessToken } = await openProgram(app)
  expect(await line.run(['people', 'list', '--url', url], { PLINTH_TOKEN: accessToken })).toMatchObject({
    code: 65,
    out: '',
    err: expect.stringMatching(/they may not do this. It takes an administrator/),
  })
})

it.each([
  ['seed', ['seed']],
  ['tail', ['tail', 'draft:x']],
])('%s is the operator’s alone, not an administrator’s', async (_name, words) => {
  const { key } = await keyOf(app, ofAdmin)
  for (const PLINTH_TOKEN of [ofAdmin.token, key]) {
    expect(await line.run([...words, '--url', url], { PLINTH_TOKEN })).toMatchObject({
      code: 65,
      err: expect.stringMatching(/Only the operator may do this/),
    })
  }
})

const changes: [string, (ids: { personId: string; sessionId: string; keyId: string }) => string[]][] = [
  ['people role', ({ personId }) => ['people', 'role', personId, 'admin']],
  ['admin grant', ({ personId }) => ['admin', 'grant', personId, '--yes']],
  ['people disable', ({ personId }) => ['people', 'disable', personId]],
  ['people enable', ({ personId }) => ['people', 'enable', personId]],
  ['people end-sessions', ({ personId }) => ['people', 'end-sessions', personId]],
  ['people end-session', ({ personId, sessionId }) => ['people', 'end-session', personId, sessionId]],
  ['keys revoke', ({ keyId }) => ['keys', 'revoke', keyId]],
]

it.each(changes)(
  '%s is refused by an API key and after an old sign-in, and says what to do instead',
  async (_name, wordsOf) => {
    const { id: personId } = await signedIn(app)
    const { sessionId } = await openProgram(app, { id: personId })
    const { id: keyId } = await keyOf(app, { id: personId })
    const words = [...wordsOf({ personId, sessionId, keyId }), '--url', url]
    const { key } = await keyOf(app, ofAdmin)
    expect(await line.run(words, { PLINTH_TOKEN: key })).toMatchObject({
      code: 65,
      out: '',
      err: expect.stringMatching(/No API key may do this.* access token.* on the machine of the server, without --url/),
    })
    const old = await openProgram(app, ofAdmin)
    const longAgo = sql`now() - interval '20 days'`
    await app.database.db.update(sessions).set({ authenticatedAt: longAgo }).where(eq(sessions.id, old.sessionId))
    expect(await line.run(words, { PLINTH_TOKEN: old.accessToken })).toMatchObject({
      code: 65,
      out: '',
      err: expect.stringMatching(/older than ten minutes. Sign in again.* without --url/),
    })
    const [user] = await app.database.db.select().from(users).where(eq(users.id, personId))
    expect(user).toMatchObject({ role: 'user', isActive: true })
  },
)

it('an API key does what its scopes say', async () => {
  const manages = await keyOf(app, ofAdmin, { scopes: ['person:manage'] })
  const PLINTH_TOKEN = manages.key
  const { out, err } = await line.run(['people', 'list', '--json', '--url', url], { PLINTH_TOKEN })
  expect({ ids: JSON.parse(out).items.map(({ id }: { id: string }) => id), err }).toEqual({
    ids: expect.arrayContaining([ofAdmin.id]),
    err: '',
  })
  expect(await line.run(['audit', 'list', '--url', url], { PLINTH_TOKEN })).toMatchObject({
    code: 65,
    err: expect.stringMatching(/lacks the scope audit-log:read/),
  })
})

it.each(['nonsense', `plinth_operator_${'x'.repeat(43)}`])(
  'a token that is none is refused: %s',
  async (PLINTH_TOKEN) => {
    const { code, err } = await line.run(['people', 'list', '--url', url], { PLINTH_TOKEN })
    expect(code).toBe(65)
    expect(err).toMatch(/does not take PLINTH_TOKEN/)
    expect(err).not.toContain(PLINTH_TOKEN)
  },
)

it.each([
  ['no token', url, {}, 78, /PLINTH_TOKEN is not set/],
  ['plain http off this machine', 'http://app.example.com', { PLINTH_TOKEN: 'x' }, 64, /must begin with https/],
  ['more than an origin', `${url}/trpc`, { PLINTH_TOKEN: 'x' }, 64, /origin of a server and nothing more/],
  ['no address', 'app.example.com', { PLINTH_TOKEN: 'x' }, 64, /origin of a server/],
  ['nobody there', 'http://127.0.0.1:9', { PLINTH_TOKEN: 'x' }, 69, /Nothing answers at http:\/\/127.0.0.1:9/],
])('%s ends with what to do', async (_what, at, environment, code, said) => {
  expect(await line.run(['people', 'list', '--url', at], environment)).toMatchObject({
    code,
    out: '',
    err: expect.stringMatching(said),
  })
})

it('another name of the server than its own is said to be one', async () => {
  const words = ['people', 'end-sessions', ofAdmin.id, '--url', url.replace('127.0.0.1', 'localhost')]
  expect(await line.run(words, { PLINTH_TOKEN: ofAdmin.token })).toMatchObject({
    code: 65,
    err: expect.stringMatching(/must be its PUBLIC_URL/),
  })
})

it.each([
  [['migrate'], /migrates its database by itself/],
  [['export', 'x'], /while its server is stopped/],
  [['import', 'x'], /while no server runs/],
  [['doctor'], /run it there/],
])('%j is not asked of a server, and says why', async (words, said) => {
  expect(await line.run([...words, '--url', url], testEnvironment())).toMatchObject({
    code: 69,
    out: '',
    err: expect.stringMatching(said),
  })
})
