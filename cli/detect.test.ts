/** `plinth detect` with an API key, through a network that loses answers, at a server of its own. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { drifts } from '../server/features/drifts/table.ts'
import { auditLogs } from '../server/platform/audit/table.ts'
import { keyOf } from '../server/test/api-keys.ts'
import { buildTestApp } from '../server/test/app.ts'
import type { Person } from '../server/test/calls.ts'
import { CommandLine } from '../server/test/command-line.ts'
import { engineer, signedIn } from '../server/test/followers.ts'
import type { Drift, DriftSummary } from '../shared/drifts.ts'

/** Answers of the paths in `lost` do not arrive, once each. */
const lost: string[] = []
const between = createServer((asked, answer) => {
  const { method, url = '', headers } = asked
  const at = lost.findIndex((path) => url.startsWith(path))
  asked.pipe(
    request({ port: behind, host: '127.0.0.1', method, path: url, headers }, (given) => {
      if (at >= 0) {
        lost.splice(at, 1)
        given.resume().once('end', () => asked.socket.destroy())
        return
      }
      answer.writeHead(given.statusCode as number, given.headers)
      given.pipe(answer)
    }),
  )
})
between.listen(0, '127.0.0.1')
await once(between, 'listening')
const url = `http://127.0.0.1:${(between.address() as AddressInfo).port}`
const app = await buildTestApp({ environment: { PUBLIC_URL: url } })
const behind = Number(new URL(await app.listen()).port)

const scratch = mkdtempSync(join(tmpdir(), 'plinth-detect-'))
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true })
  between.close()
  between.closeAllConnections()
})
const line = new CommandLine({})
let me: Person
let PLINTH_TOKEN: string
beforeAll(async () => {
  me = await engineer(app)
  PLINTH_TOKEN = (await keyOf(app, me, { scopes: ['drift:read', 'drift:report'] })).key
})

type States = Record<string, object | null>

/** Of machines by their ids: what each is meant to be, and is. */
async function detect(expected: States, actual: States, words: string[] = [], token = PLINTH_TOKEN) {
  const paths = Object.entries({ expected, actual }).map(([name, states]) => {
    const resources = Object.entries(states).map(([id, state]) => [
      `${provider}/${id}`,
      { type: 'vm', id, provider, state },
    ])
    writeFileSync(join(scratch, `${name}.json`), JSON.stringify(Object.fromEntries(resources)))
    return join(scratch, `${name}.json`)
  })
  return line.run(['detect', ...paths, '--url', url, '--json', ...words], { PLINTH_TOKEN: token })
}
let provider = ''
let providers = 0
const newProvider = () => {
  provider = `cloud-${++providers}`
}

async function stored(status?: DriftSummary['status']): Promise<DriftSummary[]> {
  const { items } = (await me.browser.query('drifts.list', { provider, status })).json().result.data
  return items
}
const names = (drifts: readonly DriftSummary[]) =>
  drifts.map(({ externalId }) => externalId.replace(`${provider}/`, '')).sort()

it('reports what differs without its secrets, once however often it runs, and resolves what is found no more', async () => {
  newProvider()
  const expected = { a: { size: 1, password: 'hunter2' }, b: { size: 1 }, c: { size: 1 } }
  const first = await detect(expected, { a: { size: 1, password: 'hunter3' }, b: { size: 2 }, d: {} })
  expect(first).toMatchObject({ code: 1, err: 'Drifts reported: 4. Resolved: 0.\n' })
  const before = await stored('pending')
  expect(names(before)).toEqual(['a', 'b', 'c', 'd'])
  expect(before.find(({ externalId }) => externalId.endsWith('/c'))).toMatchObject({
    severity: 'high',
    resource: { type: 'vm', id: 'c', provider, region: null },
  })
  const of = async (name: string): Promise<Drift> => {
    const driftId = before.find(({ externalId }) => externalId.endsWith(`/${name}`))?.id
    return (await me.browser.query('drifts.get', { driftId })).json().result.data
  }
  expect([(await of('a')).expected, (await of('a')).actual]).toEqual([
    { size: 1, password: '[secret]' },
    { size: 1, password: '[another secret]' },
  ])
  expect([(await of('c')).expected, (await of('c')).actual]).toEqual([{ size: 1 }, null])
  expect([(await of('d')).expected, (await of('d')).actual]).toEqual([null, {}])

  await me.browser.mutate('drifts.approve', { driftId: (await of('b')).id, reason: 'On purpose' })
  const second = await detect(expected, { a: { size: 1, password: 'hunter3' }, b: { size: 2 }, c: { size: 1 } })
  expect(second).toMatchObject({ code: 1, err: 'Drifts reported: 2. Resolved: 2.\n' })
  expect(JSON.parse(second.out)).toMatchObject({
    drifts: [
      { externalId: `${provider}/a`, reported: { status: 'pending', version: 1 } },
      { reported: { status: 'approved' } },
    ],
    resolved: [{ status: 'resolved' }, { status: 'resolved' }],
  })
  expect(names(await stored('resolved'))).toEqual(['c', 'd'])

  expect(await detect(expected, expected)).toMatchObject({ code: 0, err: 'Drifts reported: 0. Resolved: 2.\n' })
  expect(await stored('pending')).toEqual([])
  expect(await detect(expected, expected)).toMatchObject({ code: 0, err: 'Drifts reported: 0. Resolved: 0.\n' })
})

it('leaves alone what other detectors found', async () => {
  newProvider()
  await detect({ a: {} }, { a: { up: true } }, ['--source', 'one'])
  await detect({ a: {} }, { a: { up: true } }, ['--source', 'two'])
  expect(names(await stored('pending'))).toEqual(['one/a', 'two/a'])
  expect(await detect({}, {}, ['--source', 'one'])).toMatchObject({
    code: 0,
    err: 'Drifts reported: 0. Resolved: 1.\n',
  })
  expect(names(await stored('pending'))).toEqual(['two/a'])
  newProvider()
  expect(await detect({ b: {} }, { b: {} })).toMatchObject({ err: 'Drifts reported: 0. Resolved: 0.\n' })
})

it('reads every page of a long list', async () => {
  newProvider()
  const rows = Array.from({ length: 101 }, (_, n) => ({ ...row, provider, externalId: `many/${n}` }))
  await app.database.db.insert(drifts).values(rows)
  const nothing = await detect({}, {}, ['--source', 'many'])
  expect(nothing).toMatchObject({ code: 0, err: 'Drifts reported: 0. Resolved: 101.\n' })
})
const row = { resourceType: 'vm', resourceId: 'x', severity: 'low', expected: {}, actual: null } as const

it('asks again for answers that were lost, and nothing takes effect twice', async () => {
  newProvider()
  lost.push('/trpc/drifts.report', '/trpc/drifts.list')
  expect(await detect({ a: {} }, { a: { up: true } })).toMatchObject({
    code: 1,
    err: 'Drifts reported: 1. Resolved: 0.\n',
  })
  lost.push('/trpc/drifts.resolve')
  expect(await detect({ a: {} }, { a: {} })).toMatchObject({ code: 0, err: 'Drifts reported: 0. Resolved: 1.\n' })
  expect(lost).toEqual([])
  const [drift] = await stored()
  const target = `drift:${drift?.id}`
  const records = await app.database.db
    .select({ action: auditLogs.action })
    .from(auditLogs)
    .where(and(eq(auditLogs.target, target), eq(auditLogs.actorId, me.id)))
  expect(records.map(({ action }) => action)).toEqual(['drifts.report', 'drifts.resolve'])
})

it('says who may, and sends nothing in a dry run', async () => {
  newProvider()
  const states = [{ a: {} }, { a: { up: true } }] as const
  const { key: reads } = await keyOf(app, me, { scopes: ['drift:read'] })
  expect(await detect(...states, [], reads)).toMatchObject({
    code: 65,
    out: '',
    err: expect.stringMatching(/Stopped: 0 of 1 were reported; [\s\S]*lacks the scope drift:report/),
  })
  const { key: ofUser } = await keyOf(app, await signedIn(app))
  expect(await detect(...states, [], ofUser)).toMatchObject({
    code: 65,
    err: expect.stringMatching(/It takes a user whose role is engineer/),
  })
  expect(await detect(...states, ['--dry-run'], '')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/Nothing was sent/),
  })
  expect(await stored()).toEqual([])
})

it('ends with 69 where nothing answers for as long as it waits', async () => {
  newProvider()
  expect(
    await detect({ a: {} }, { a: { up: true } }, ['--patience', '0', '--url', 'http://127.0.0.1:9']),
  ).toMatchObject({
    code: 69,
    err: expect.stringMatching(/Nothing answers at/),
  })
})
