/** What anybody may read: with PUBLIC_READS and without it, and that nothing in it is about a person. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { capabilities } from '../../shared/capabilities.ts'
import { reportDrift } from '../features/drifts/service.ts'
import { newId } from '../platform/db/columns.ts'
import { operator } from '../platform/identity/operator.ts'
import { users } from '../platform/identity/table.ts'
import { appRouter } from '../router.ts'
import { keyOf } from './api-keys.ts'
import { buildTestApp } from './app.ts'
import type { TestBrowser } from './browser.ts'
import { procedures } from './calls.ts'
import { driftOf, engineer, reportOf, signedIn } from './followers.ts'

const app = await buildTestApp()
const closed = await buildTestApp({ environment: { PUBLIC_READS: 'false' } })

const reads = procedures.filter(({ meta }) => meta?.publicRead)
const paths = reads.map(({ path }) => path)

const built = appRouter._def.procedures as unknown as Record<string, { _def: { output: z.ZodType } }>
const outputs = Object.entries(built)
  .filter(([path]) => paths.includes(path))
  .map(([path, { _def }]) => ({ path, schema: z.toJSONSchema(_def.output, { io: 'output' }) }))

/** Every name that an answer may have, however deep. */
function namesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const own = 'properties' in schema && schema.properties ? Object.keys(schema.properties) : []
  return [...own, ...Object.values(schema).flatMap(namesIn)]
}

const ofPerson =
  /person|people|user|actor|author|owner|e-?mail|display|avatar|username|phone|^by$|[a-z]By|decider|reason|comment|ip$|session/
/** How many there are of each, and what is read by whoever asks. */
const harmless = new Set(['byStatus', 'bySeverity', 'pendingBySeverity', 'isRead'])

it('is these, and no other: one more is put here with a thought on whom it tells of', () => {
  expect(paths).toEqual(['alerts.list', 'drifts.list', 'drifts.get', 'metrics.summary'])
})

it('is found, where it is about a person', () => {
  for (const name of ['decidedBy', 'userId', 'displayName', 'email', 'reason', 'approvedBy', 'actorId']) {
    expect(name).toMatch(ofPerson)
  }
})

it.each(outputs)('$path has no field that is about a person', ({ schema }) => {
  const names = namesIn(schema).filter((name) => !harmless.has(name))
  expect(names.length).toBeGreaterThan(3)
  expect(names.filter((name) => ofPerson.test(name))).toEqual([])
})

/** All answers of all of them to `browser`, over REST too. */
async function allAnswers(browser: TestBrowser, driftId: string): Promise<string> {
  const input: Record<string, object> = { 'drifts.get': { driftId } }
  const answers = []
  for (const path of paths) answers.push(await browser.query(path, input[path]))
  for (const path of ['alerts', 'drifts', `drifts/${driftId}`, 'metrics/summary']) {
    answers.push(await browser.get(`/api/v1/${path}`))
  }
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(answers.map(() => 200))
  return answers.map(({ body }) => body).join('\n')
}

it('says nothing of who decided, reported or read, to whoever is not signed in', async () => {
  const [me, other] = [await engineer(app), await engineer(app)]
  const reason = `because ${newId()}`
  const [one, two] = [await driftOf(me, { severity: 'critical' }), await driftOf(other, { severity: 'high' })]
  await me.browser.mutate('drifts.approve', { driftId: one.id, reason })
  await other.browser.mutate('drifts.reject', { driftId: two.id, reason })
  await me.browser.mutate('alerts.readAll')
  const told = (await allAnswers(app.browser(), one.id)) + (await allAnswers(app.browser(), two.id))
  expect(told).toContain(one.externalId)
  expect(told).toContain('"approved"')
  const people = await app.database.db.select().from(users)
  for (const { id, displayName, email } of people) {
    for (const word of [id, displayName, email]) if (word) expect(told).not.toContain(word)
  }
  expect(told).not.toContain(reason)
  expect(told).not.toContain('"isRead":true')
})

it('says which paths of a drift differ, and no value of its states, to anonymous callers', async () => {
  const me = await engineer(app)
  const values = Array.from({ length: 8 }, () => `hidden-${newId()}`)
  const state = {
    size: 31_415_926_535,
    password: values[0],
    'Api-Key': values[1],
    nested: [{ deep: { client_secret: { a: [values[2]] }, accessToken: values[3] } }],
    environment: [
      { name: 'DB_PASSWORD', value: values[4] },
      { name: 'TZ', value: 'Antarctica/Troll' },
    ],
    url: `postgres://app:${values[5]}@db/app`,
    pem: `-----BEGIN PRIVATE KEY-----${values[6]}`,
    privateIp: values[7],
  }
  const { id: driftId } = await driftOf(me, { expected: state, actual: { ...state, size: 27_182_818_284, url: null } })
  const told = await allAnswers(app.browser(), driftId)
  for (const value of [...values, '31415926535', '27182818284', 'Antarctica']) expect(told).not.toContain(value)
  const drift = (await app.browser().query('drifts.get', { driftId })).json().result.data
  expect(drift).toMatchObject({
    differences: [
      { path: ['url'], change: 'changed', expected: 'string', actual: 'null' },
      { path: ['size'], change: 'changed', expected: 'number', actual: 'number' },
    ],
    moreDifferences: 0,
  })
  expect(Object.keys(drift)).not.toContain('expected')
  expect(Object.keys(drift)).not.toContain('actual')
  const { browser } = await signedIn(app)
  const { expected } = (await browser.query('drifts.get', { driftId })).json().result.data
  for (const value of values.slice(0, 7)) expect(JSON.stringify(expected)).not.toContain(value)
  expect(expected).toMatchObject({
    size: state.size,
    password: '[hidden]',
    environment: [{ value: '[hidden]' }, { name: 'TZ', value: 'Antarctica/Troll' }],
    url: 'postgres://app:[hidden]@db/app',
    privateIp: values[7],
  })
})

describe('with PUBLIC_READS', () => {
  it('is for everybody, and for a key that has the scope; a bad credential is refused all the same', async () => {
    const me = await engineer(app)
    const { id } = await driftOf(me)
    const outcomes = (browser: TestBrowser) => outcomesOf(browser, id)
    expect(await outcomes(app.browser())).toEqual(paths.map(() => 'ok'))
    expect(await outcomes(app.browser({ cookie: `plinth_session=${'x'.repeat(43)}` }))).toEqual(paths.map(() => 'ok'))
    expect(await outcomes(app.browser({ authorization: 'Bearer x' }))).toEqual(paths.map(() => 'INVALID_CREDENTIAL'))
    const lesser = await keyOf(app, me, { scopes: capabilities.filter((scope) => scope !== 'drift:read') })
    expect(await outcomes(app.browser(lesser.bearer))).toEqual(paths.map(() => 'SCOPE_MISSING'))
    expect(await outcomes(app.browser((await keyOf(app, me, { scopes: ['drift:read'] })).bearer))).toEqual(
      paths.map(() => 'ok'),
    )
    expect((await app.browser().query('drifts.decision', { driftId: id })).statusCode).toBe(401)
  })

  it('is for the person of the page alone, where the browser has become somebody else’s', async () => {
    const [me, other] = [await engineer(app), await signedIn(app)]
    const { id } = await driftOf(me)
    me.browser.headers['plinth-person'] = other.id
    expect(await outcomesOf(me.browser, id)).toEqual(paths.map(() => 'PERSON_CHANGED'))
  })

  it('waits for a browser that has its access token yet to get', async () => {
    const jwt = await buildTestApp({ environment: { AUTH_SESSION_MODE: 'jwt' } })
    const { browser } = await signedIn(jwt)
    const { id } = await reportDrift(jwt.database.db, operator, reportOf())
    expect(await outcomesOf(browser, id)).toEqual(paths.map(() => 'ok'))
    browser.accessToken = null
    expect(await outcomesOf(browser, id)).toEqual(paths.map(() => 'ACCESS_TOKEN_MISSING'))
    expect(await outcomesOf(jwt.browser(), id)).toEqual(paths.map(() => 'ok'))
  })
})

describe('without PUBLIC_READS', () => {
  it('is for whoever is signed in, through every door', async () => {
    const me = await engineer(closed)
    const { id } = await driftOf(me)
    expect(await outcomesOf(closed.browser(), id)).toEqual(paths.map(() => 'UNAUTHENTICATED'))
    const stale = closed.browser({ cookie: `plinth_session=${'x'.repeat(43)}` })
    expect(await outcomesOf(stale, id)).toEqual(paths.map(() => 'SESSION_ENDED'))
    for (const path of ['alerts', 'drifts', `drifts/${id}`, 'metrics/summary']) {
      expect((await closed.browser().get(`/api/v1/${path}`)).statusCode).toBe(401)
    }
    const { browser } = await signedIn(closed)
    expect(await outcomesOf(browser, id)).toEqual(paths.map(() => 'ok'))
    const lesser = await keyOf(closed, me, { scopes: ['draft:read'] })
    expect(await outcomesOf(closed.browser(lesser.bearer), id)).toEqual(paths.map(() => 'SCOPE_MISSING'))
    expect(await outcomesOf(closed.browser((await keyOf(closed, me)).bearer), id)).toEqual(paths.map(() => 'ok'))
  })
})

async function outcomesOf(browser: TestBrowser, driftId: string): Promise<string[]> {
  const outcomes = []
  for (const path of paths) {
    const answer = await browser.query(path, path === 'drifts.get' ? { driftId } : undefined)
    outcomes.push(answer.statusCode === 200 ? 'ok' : String(answer.json().error.data.code))
  }
  return outcomes
}
