/** Who gets which values of the states of a drift: anonymous callers none, signed-in users those that do not look like secrets, engineers any one that they ask for. */
import { and, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { driftLimits } from '../../../shared/drifts.ts'
import { auditLogs } from '../../platform/audit/table.ts'
import { newId } from '../../platform/db/columns.ts'
import { operator } from '../../platform/identity/operator.ts'
import { buildTestApp } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { driftOf, engineer, range, reportOf, signedIn } from '../../test/followers.ts'
import { openProgram } from '../../test/programs.ts'
import { connectTools, outcomeOf, toolName } from '../../test/tools.ts'
import { reportDrift } from './service.ts'

const app = await buildTestApp({ environment: { MCP: 'on' } })
const url = await app.listen()
const { db } = app.database

const get = async (browser: TestBrowser, driftId: string) =>
  (await browser.query('drifts.get', { driftId })).json().result.data

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/** Everything that is to be had about a drift without a credential, refusals too. */
async function anonymousAnswers(driftId: string): Promise<string> {
  const browser = app.browser()
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'drifts_get', arguments: { driftId } } }
  const answers = [
    await browser.query('drifts.get', { driftId }),
    await browser.query('drifts.list', {}),
    await browser.query('alerts.list', {}),
    await browser.query('drifts.events', {}),
    await browser.get('/trpc/drifts.onEvent'),
    await browser.get(`/api/v1/drifts/${driftId}`),
    await browser.get('/api/v1/drifts'),
    await browser.get('/api/v1/alerts'),
    await browser.mutate('drifts.reveal', { driftId, side: 'actual', path: ['it'] }),
    await app.root.inject({ method: 'POST', url: '/mcp', headers: json, payload: call }),
  ]
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 401, 401, 200, 200, 200, 401, 401])
  return answers.map(({ body }) => body).join('\n')
}

/** What a signed-in user gets, through each transport and in the events of the drift. */
async function signedInAnswers(driftId: string): Promise<string> {
  const me = await signedIn(app)
  const tools = await connectTools(url, (await openProgram(app, me)).bearer)
  const answers = [
    await get(me.browser, driftId),
    (await me.browser.get(`/api/v1/drifts/${driftId}`)).json(),
    outcomeOf(await tools.callTool({ name: toolName('drifts.get'), arguments: { driftId } })),
    (await me.browser.query('drifts.events', { lastEventId: '0:0' })).json(),
  ]
  for (const answer of answers.slice(0, 3)) expect(JSON.stringify(answer)).toContain(driftId)
  return JSON.stringify(answers)
}

const forms: [string, (secret: string) => unknown][] = [
  ['KEY=value in a list', (secret) => ({ env: [`DB_PASSWORD=${secret}`] })],
  ['a connection string', (secret) => ({ connection_string: `Server=db;Database=app;Password=${secret};Encrypt=yes` })],
  ['pwd= in a connection string', (secret) => ({ connection: `Server=db;Uid=app;pwd=${secret}` })],
  ['a DSN without a scheme', (secret) => ({ dsn: `root:${secret}@tcp(db)/app` })],
  ['a start-up script', (secret) => ({ user_data: `#!/bin/sh\n/opt/join ${secret}` })],
  ['an access key of AWS', (secret) => ({ note: `made with AKIA${secret.replaceAll(/\W/g, '').toUpperCase()}` })],
  ['a command of MySQL', (secret) => ({ command: ['mysql', `-p${secret}`] })],
  ['a command in a text', (secret) => ({ run: `mysql -u root -p${secret} app` })],
  ['an option of a command', (secret) => ({ command: ['serve', '--token', secret] })],
  ['an option and its value in one', (secret) => ({ command: ['serve', `--db-password=${secret}`] })],
  ['k and v', (secret) => ({ tags: [{ k: 'password', v: secret }] })],
  ['NAME and value', (secret) => ({ env: [{ NAME: 'DB_PASSWORD', value: secret }] })],
  ['id and content', (secret) => ({ it: { id: 'DB_PASSWORD', content: secret } })],
  ['JSON in a text', (secret) => ({ config: JSON.stringify({ database: { password: secret }, size: 1 }) })],
  ['JSON in JSON in a text', (secret) => ({ config: JSON.stringify({ inner: JSON.stringify({ token: secret }) }) })],
  ['the query of an address', (secret) => ({ source: `https://api.example.org/v1?api_key=${secret}&page=2` })],
  ['a bearer token', (secret) => ({ header: `Bearer ${secret}` })],
  ['a webhook of Slack', (secret) => ({ target: `https://hooks.slack.com/services/T0/B0/${secret}` })],
  ['a webhook of Discord', (secret) => ({ target: `https://discord.com/api/webhooks/1/${secret}` })],
  ['user information without a colon', (secret) => ({ source: `https://${secret}@git.example.org/app` })],
  ['the e-mail address of an owner', (secret) => ({ owner: `${secret}@example.org` })],
  ['a name', (secret) => ({ password: secret })],
  ['name and value', (secret) => ({ env: [{ name: 'API_TOKEN', value: secret }] })],
  ['the password in an address', (secret) => ({ source: `postgres://app:${secret}@db/app` })],
  ['a private key', (secret) => ({ it: `-----BEGIN EC PRIVATE KEY-----\n${secret}\n-----END EC PRIVATE KEY-----` })],
  ['a long random text', (secret) => ({ it: `${secret.replaceAll('-', '')}Zq9` })],
]

describe.each(forms)('a secret as %s', (_form, state) => {
  const [one, other] = ['hidden-3f2504e0-4f89-41d3-9a0c-0305e82c3301', 'hidden-6fa459ea-ee8a-4ca4-894e-db77e160355e']
  // As it may stand in a state: without signs, in capitals.
  const traces = [one, other].flatMap((secret) => {
    const digits = secret.replace('hidden-', '')
    return [digits, digits.replaceAll('-', ''), digits.replaceAll('-', '').toUpperCase()]
  })

  const drift = async () =>
    driftOf(await engineer(app), {
      expected: { it: state(one), plain: 'plain-one' },
      actual: { it: state(other), plain: 'plain-two' },
      severity: 'critical',
    })

  it('is in no answer to an anonymous caller, and neither is any other value', async () => {
    const { id } = await drift()
    const told = await anonymousAnswers(id)
    for (const trace of [...traces, 'plain-one', 'plain-two']) expect(told).not.toContain(trace)
    const { differences } = await get(app.browser(), id)
    expect(differences).toHaveLength(2)
  })

  it('is hidden from signed-in users, who see that it differs', async () => {
    const { id } = await drift()
    const told = await signedInAnswers(id)
    for (const trace of traces) expect(told).not.toContain(trace)
    expect(told).toContain('plain-two')
    const { expected, actual } = await get((await signedIn(app)).browser, id)
    expect(JSON.stringify(expected.it)).toContain('[hidden]')
    expect(JSON.stringify(actual.it)).toContain('[hidden 2]')
  })
})

/** Deterministic, so that a failure can be seen again. */
function* numbers(seed: number) {
  for (let state = seed; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    yield state / 2_147_483_648
  }
}

it('no value of any state is in an answer to an anonymous caller, whatever the states are', async () => {
  const next = numbers(11)
  const pick = (count: number) => Math.floor((next.next().value as number) * count)
  const marked: string[] = []
  const leaf = () => {
    const text = pick(2) === 0
    const mark = text ? `marked${marked.length}x` : `77${String(marked.length).padStart(8, '0')}77`
    marked.push(mark)
    const around = [mark, `Password=${mark}`, `see ${mark}, please`, `{"a":"${mark}"}`, `${mark}@x.org`]
    return text ? around[pick(around.length)] : Number(mark)
  }
  const names = ['size', 'password', 'name', 'value', 'env', 'tags', 'k', 'v', 'é', '0', 'length', 'constructor']
  const value = (depth: number): unknown => {
    if (depth === 0 || pick(3) === 0) return leaf()
    const items = range(1, pick(5)).map(() => value(depth - 1))
    return pick(2) === 0 ? items : Object.fromEntries(items.map((item) => [names[pick(names.length)], item]))
  }
  const state = () => (pick(10) === 0 ? null : { [`top${pick(2)}`]: value(4), other: value(3) })
  let differing = 0
  for (const _ of range(1, 60)) {
    const [expected, actual] = [state(), { ...state(), more: value(1) }]
    const { id } = await reportDrift(db, operator, reportOf({ expected, actual }))
    const answers = [
      await app.browser().query('drifts.get', { driftId: id }),
      await app.browser().get(`/api/v1/drifts/${id}`),
    ]
    const { differences } = await get(app.browser(), id)
    differing += differences.length
    for (const { body } of answers) expect(marked.filter((mark) => body.includes(mark))).toEqual([])
  }
  expect(marked.length).toBeGreaterThan(500)
  expect(differing).toBeGreaterThan(150)
})

describe('the differences of a drift', () => {
  it('have the type of each side, and null where one is not there', async () => {
    const { id } = await driftOf(await engineer(app), {
      expected: { a: 1, b: 'x', c: [1, { d: true }], gone: {} },
      actual: { a: '1', b: 'x', c: [1, { d: false }, null], came: [] },
    })
    for (const browser of [app.browser(), (await signedIn(app)).browser]) {
      expect((await get(browser, id)).differences).toEqual([
        { path: ['a'], change: 'changed', expected: 'number', actual: 'string' },
        { path: ['c', 1, 'd'], change: 'changed', expected: 'boolean', actual: 'boolean' },
        { path: ['c', 2], change: 'added', expected: null, actual: 'null' },
        { path: ['gone'], change: 'removed', expected: 'object', actual: null },
        { path: ['came'], change: 'added', expected: null, actual: 'array' },
      ])
    }
    const missing = await driftOf(await engineer(app), { expected: { a: 1 }, actual: null })
    expect((await get(app.browser(), missing.id)).differences).toEqual([
      { path: [], change: 'removed', expected: 'object', actual: null },
    ])
  })

  it('are listed up to a number and a length, and the rest is counted', async () => {
    const me = await engineer(app)
    const many = Object.fromEntries(range(1, 500).map((n) => [`n${n}`, n]))
    const drift = await get(app.browser(), (await driftOf(me, { expected: {}, actual: many })).id)
    expect([drift.differences.length, drift.moreDifferences]).toEqual([driftLimits.differences, 300])
    const name = 'n'.repeat(30_000)
    const long = await driftOf(me, { expected: { [name]: {} }, actual: { [name]: { a: 1, b: 2, c: 3 } } })
    const answer = await app.browser().query('drifts.get', { driftId: long.id })
    const { differences, moreDifferences } = answer.json().result.data
    expect([differences.length, moreDifferences]).toEqual([2, 1])
    expect(answer.body.length).toBeLessThan(2 * driftLimits.differencesLength)
  })

  it('hide names of properties that are e-mail addresses or tokens', async () => {
    const names = ['ada@example.org', `ghp_${newId().replaceAll('-', '')}`, `API_KEY=${newId()}`]
    const { id } = await driftOf(await engineer(app), {
      expected: { owners: {} },
      actual: { owners: Object.fromEntries(names.map((name) => [name, true])) },
    })
    const told = await anonymousAnswers(id)
    for (const name of names) expect(told).not.toContain(name)
    expect((await get(app.browser(), id)).differences).toHaveLength(3)
  })
})

describe('revealing a value', () => {
  const state = (secret: string) => ({
    env: [{ name: 'DB_PASSWORD', value: secret }],
    url: `postgres://app:${secret}@db/app`,
    'a.b': { pin_token: 4711 },
    off: null,
  })

  it('is for engineers and administrators: the value whole, of the side that is asked for', async () => {
    const me = await engineer(app)
    const [one, two] = [`hidden-${newId()}`, `hidden-${newId()}`]
    const { id: driftId } = await driftOf(me, { expected: state(one), actual: state(two) })
    for (const [side, path, value] of [
      ['expected', ['env', 0, 'value'], one],
      ['actual', ['env', 0, 'value'], two],
      ['actual', ['url'], `postgres://app:${two}@db/app`],
      ['actual', ['a.b', 'pin_token'], 4711],
      ['actual', ['off'], null],
    ] as const) {
      const answer = await me.browser.mutate('drifts.reveal', { driftId, side, path })
      expect(answer.json().result.data).toEqual({ driftId, side, path, value })
    }
    const rest = await me.browser.send({
      method: 'POST',
      url: `/api/v1/drifts/${driftId}/reveal`,
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify({ side: 'expected', path: ['env', 0, 'value'] }),
    })
    expect([rest.statusCode, rest.json().data.value]).toEqual([200, one])
    expect(rest.headers['cache-control']).toBe('no-store')
    for (const browser of [(await signedIn(app)).browser, app.browser()]) {
      const refused = await browser.mutate('drifts.reveal', { driftId, side: 'expected', path: ['url'] })
      expect([401, 403]).toContain(refused.statusCode)
      expect(refused.body).not.toContain(one)
    }
  })

  it('is recorded without the value, which is in no log line either', async () => {
    const me = await engineer(app)
    const secret = `hidden-${newId()}`
    const { id: driftId } = await driftOf(me, { expected: state(secret), actual: null })
    const key = { 'idempotency-key': newId() }
    const path = ['env', 0, 'value']
    for (const _ of range(1, 2)) await me.browser.mutate('drifts.reveal', { driftId, side: 'expected', path }, key)
    const records = await db
      .select()
      .from(auditLogs)
      .where(and(eq(auditLogs.action, 'drifts.reveal'), eq(auditLogs.actorId, me.id)))
    expect(records).toMatchObject([1, 2].map(() => ({ target: `drift:${driftId}`, after: { side: 'expected', path } })))
    expect(JSON.stringify(records)).not.toContain(secret)
    expect(app.logs.length).toBeGreaterThan(0)
    expect(JSON.stringify(app.logs)).not.toContain(secret)
  })

  it('finds nothing where no value is, and refuses what holds others; neither is recorded', async () => {
    const me = await engineer(app)
    const { id: driftId } = await driftOf(me, { expected: state('x'), actual: null })
    const ask = async (path: unknown, side = 'expected', of = driftId) =>
      (await me.browser.mutate('drifts.reveal', { driftId: of, side, path })).json().error?.data.code
    for (const path of [
      ['no'],
      ['env', 1],
      ['env', '0'],
      ['env', 'length'],
      ['url', 'length'],
      ['url', 0],
      ['__proto__'],
      ['constructor', 'name'],
    ]) {
      expect([path, await ask(path)]).toEqual([path, 'NOT_FOUND'])
    }
    expect(await ask(['url'], 'actual')).toBe('NOT_FOUND')
    expect(await ask(['url'], 'expected', newId())).toBe('NOT_FOUND')
    for (const path of [[], ['env'], ['env', 0]]) expect([path, await ask(path)]).toEqual([path, 'VALIDATION_ERROR'])
    for (const path of ['url', [1.5], [-1], [null], range(0, driftLimits.stateDepth)])
      expect(await ask(path)).toBe('VALIDATION_ERROR')
    expect(await db.$count(auditLogs, and(eq(auditLogs.action, 'drifts.reveal'), eq(auditLogs.actorId, me.id)))).toBe(0)
  })
})
