/**
 * Every procedure through every door it has: the same answer, the same failure to the word, the same record in the audit log and
 * the same price. Doors are in doors.ts, and how a procedure is called in calls.ts; nothing here names one.
 */
import { asc, eq, gt } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { type Role, roles } from '../../shared/account.ts'
import { capabilities, hasCapability } from '../../shared/capabilities.ts'
import type { ErrorCode } from '../../shared/errors.ts'
import { auditLogs } from '../platform/audit/table.ts'
import { newId } from '../platform/db/columns.ts'
import { users } from '../platform/identity/table.ts'
import { keyOf } from './api-keys.ts'
import { buildTestApp } from './app.ts'
import type { TestBrowser } from './browser.ts'
import { type Call, type Person, prepareCall, procedures, signInAgain } from './calls.ts'
import { CountedCalls } from './counted-calls.ts'
import type { Door, Failure, Listening, Procedure, Sent } from './door.ts'
import { doors } from './doors.ts'
import { normalForm } from './normal-form.ts'
import { missingFields, wrongTexts, wrongTypes } from './wrong-inputs.ts'

const app = await buildTestApp({
  environment: {
    AUTH_LEGACY_HEADER: 'on',
    MCP: 'on',
    // So that whoever nobody knows has an address, and with it a budget, of their own.
    TRUST_PROXY: '127.0.0.1',
    RATE_LIMIT_ANONYMOUS: '100',
    RATE_LIMIT_SIGNED_IN: '400',
  },
})
const house = { app, url: await app.listen() }
const { db } = app.database
const counted = new CountedCalls(app)

let hosts = 0
function elsewhere(): TestBrowser {
  hosts++
  return app.browser({ 'x-forwarded-for': `10.0.${hosts >> 8}.${hosts & 255}` })
}

const newPerson = (): Promise<Person> => app.enter(elsewhere())

/** Somebody who calls, and with what. */
interface Scene extends Omit<Sent, 'procedure'> {
  browser: TestBrowser
  /** Null for nobody. */
  personId: string | null
  isOver?: boolean
  /** By the operator, who pays nothing. */
  isFree?: boolean
  /** Restores the caller. */
  undo?: () => Promise<void>
}

interface Passage {
  data: unknown
  error: Failure | undefined
  /** Of HTTP. */
  cookies: string[] | undefined
  /** Whose budgets were charged. */
  payers: (string | null)[]
  records: Record<string, unknown>[]
}

/** Its records in the audit log are those with ids between `since` and `until`: ids of one process rise. */
interface Made {
  door: Door
  scene: Scene
  passage: Omit<Passage, 'records'>
  requestId: string | undefined
  since: string
  until: string
}

async function through(door: Door, procedure: Procedure, scene: Scene): Promise<Made> {
  const { browser, personId, isOver, isFree: _, undo: _undo, ...sent } = scene
  const since = newId()
  const { result, calls } = await counted.during(() => door.call(house, browser, { procedure, ...sent }), isOver)
  const { data, error, http } = result
  const payers = calls.map(({ payer }) => payer)
  // Of the call beside it.
  if (door.calls === 2 && payers.length > 0) payers.splice(payers.indexOf(personId), 1)
  if (http) {
    const [least] = calls.toSorted((a, b) => a.remaining - b.remaining)
    expect(http.budget).toEqual(least ? { limit: least.limit, remaining: least.remaining, resetS: least.resetS } : null)
    if (error?.code === 'RATE_LIMITED') expect(error.retryAfterS).toBe(least?.resetS)
  }
  const passage = { data, error, cookies: http?.cookies, payers }
  return { door, scene, passage, requestId: http?.requestId, since, until: newId() }
}

type Compared = { door: Door; scene: Scene; passage: Passage }

/** With the records of each, which one query reads. */
async function withRecords(made: readonly Made[]): Promise<Compared[]> {
  const since = made[0]?.since ?? expect.unreachable()
  const rows = await db.select().from(auditLogs).where(gt(auditLogs.id, since)).orderBy(asc(auditLogs.id))
  return made.map(({ door, scene, passage, requestId: id, since, until }) => {
    const own = rows.filter((row) => row.id > since && row.id < until)
    const records = own.map(({ id: _, createdAt: _at, requestId, ip, ...record }) => {
      expect(requestId).toMatch(/^[0-9a-f-]{36}$/)
      if (id !== undefined) expect(requestId).toBe(id)
      return sorted({ ...record, ip: ip === scene.browser.headers['x-forwarded-for'] ? 'theirs' : ip })
    })
    return { door, scene, passage: { ...passage, records } }
  })
}

/** Lists of ids come as the database finds them. */
const sorted = (record: Record<string, unknown>): Record<string, unknown> =>
  JSON.parse(
    JSON.stringify(record, (_name, inner) =>
      Array.isArray(inner) && inner.every((one) => typeof one === 'string') ? inner.toSorted() : inner,
    ),
  )

/** Comparable: with the input, so that an id of it is known again in the answer. */
function told({ input }: Scene, { data, error, cookies, payers, records }: Passage) {
  // How long to wait depends on the moment; `through` has seen that it is what the headers say.
  const failure = error && { ...error, retryAfterS: error.retryAfterS !== undefined }
  return normalForm({ input, data, error: failure, cookies, records, payers })
}

const unauthenticated: Failure = { code: 'UNAUTHENTICATED', message: '', retryAfterS: undefined }

/** What a door makes of a call that the first one made `first` of: the same, but for what its entry in the table says. */
function expectedAt(door: Door, procedure: Procedure, first: Passage, { personId }: Scene): Passage {
  const nothing = { data: undefined, cookies: undefined, records: [], payers: [] }
  if (door.refusesNobody && (personId === null || isAsNobody(procedure, first))) {
    // The upgrade that it refuses is a call of the network, whatever the call would have been.
    return { ...nothing, error: door.refusesNobody, payers: [null] }
  }
  if (door.withoutCookies && first.cookies?.some((cookie) => cookie.endsWith(' set'))) {
    return { ...nothing, payers: first.payers, error: door.withoutCookies }
  }
  // It asks who calls before it asks for what.
  if (door.byToken && personId === null && !first.error) {
    return {
      ...nothing,
      cookies: first.cookies,
      payers: first.payers,
      error: { ...unauthenticated, message: door.byToken },
    }
  }
  if (door.byToken && first.error?.code === 'UNAUTHENTICATED') {
    return { ...first, error: { ...first.error, message: door.byToken } }
  }
  if (!door.byOperator) {
    const data = door.listsAlone ? listAlone(first.data) : first.data
    return { ...first, data, cookies: door.isHttp ? first.cookies : undefined }
  }
  const records = first.records.map((record) => ({ ...record, actorId: null, ip: 'cli' }))
  return { ...nothing, data: first.data, error: first.error, records }
}

function listAlone(data: unknown): unknown {
  if (!(data instanceof Object && 'items' in data && 'pagination' in data)) return data
  const { items, pagination } = data
  return { items, pagination }
}

/** Who is somebody for this call alone, such as whoever claims an id that their credential does not name, pays as a stranger. */
const isAsNobody = (procedure: Procedure, { payers }: Pick<Passage, 'payers'>) =>
  !isOpen(procedure) && payers[0] === null

interface Situation {
  what: string
  /** Null where it cannot come to it. */
  scene(procedure: Procedure, me: Person, call: Call): Promise<Scene | null> | Scene | null
  /** What it comes to; absent or null where that is the procedure's to say. */
  code?(procedure: Procedure): ErrorCode | null
  /** It cannot come to it at every door. */
  at?(door: Door, procedure: Procedure): boolean
  /** Where a signed-in caller succeeds, at most the input is used up, which refusals do not depend on. */
  spares?: true
  /** A call that succeeds, or takes a cookie back, changes the caller, so the next door needs another one. */
  changesCaller?: true
}

const isOpen = ({ meta }: Procedure) =>
  meta?.access === 'anybody' || meta?.access === 'credential' || meta?.publicRead === true
const isForPeople = (door: Door) => !door.byOperator
const as = ({ browser, id }: Person, input: unknown): Scene => ({ browser, personId: id, input })
const anyId = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g

const isOperators = ({ meta }: Procedure) => meta?.access === 'operator'
const capabilityOf = ({ meta }: Procedure) => capabilities.find((capability) => capability === meta?.access)

/** The highest that may not; none where every role may. */
function barredRole(procedure: Procedure): Role | undefined {
  if (isOperators(procedure)) return 'admin'
  const capability = capabilityOf(procedure)
  return capability && roles.findLast((role) => !hasCapability(role, capability))
}

/** A call with what is no good; by who may, for nobody else is told what is wrong with it. */
const wrong = (what: string, inputOf: (procedure: Procedure, call: Call) => object | null): Situation => ({
  what,
  scene(procedure, me, call) {
    const input = inputOf(procedure, call)
    return input && as(me, input)
  },
  code: () => 'VALIDATION_ERROR',
})

const situations: Situation[] = [
  { what: 'by who may', scene: (_, me, { input }) => as(me, input) },
  {
    what: 'by nobody',
    scene: (_, _me, { input }) => ({ browser: elsewhere(), personId: null, input }),
    code: (procedure) => (isOpen(procedure) ? null : 'UNAUTHENTICATED'),
    at: isForPeople,
  },
  {
    what: 'by whose session is over',
    async scene(procedure, me, { input }) {
      if (isOperators(procedure)) return null
      const { cookies } = await signInAgain(app, me)
      const [browser, same] = [copyOf(me.browser), copyOf(me.browser)]
      for (const [name, value] of cookies) for (const one of [browser, same]) one.cookies.set(name, value)
      expect((await same.send({ method: 'POST', url: '/auth/logout' })).statusCode).toBe(204)
      return { browser, personId: null, input }
    },
    code: (procedure) => (isOpen(procedure) && procedure.path !== 'account.current' ? null : 'SESSION_ENDED'),
    at: (door) => isForPeople(door) && !door.byToken,
    changesCaller: true,
  },
  {
    what: 'with a bearer token that is worth nothing',
    scene: (_, { browser }, { input }) => ({
      browser: copyOf(browser, { authorization: 'Bearer x' }),
      personId: null,
      input,
    }),
    code: ({ meta }) => (meta?.access === 'credential' ? null : 'INVALID_CREDENTIAL'),
    at: isForPeople,
  },
  {
    what: 'by who may not',
    async scene(procedure, me, { input }) {
      const role = barredRole(procedure)
      if (!role) return null
      const caller = isOperators(procedure) ? await newPerson() : me
      const [before] = await db.select({ role: users.role }).from(users).where(eq(users.id, caller.id))
      const become = async (role: Role) => {
        await db.update(users).set({ role }).where(eq(users.id, caller.id))
        app.sessions.announceChanged(caller.id)
      }
      await become(role)
      return { ...as(caller, input), undo: () => become(before?.role ?? expect.unreachable()) }
    },
    code: () => 'FORBIDDEN',
    at: isForPeople,
  },
  {
    what: 'by a key that it is not for',
    async scene(procedure, me, { input }) {
      if (isOperators(procedure)) return null
      const scopes = capabilities.filter((scope) => scope !== capabilityOf(procedure))
      const { bearer } = await keyOf(app, me, { scopes })
      return { ...as(me, input), browser: app.browser({ ...elsewhere().headers, ...bearer }) }
    },
    code(procedure) {
      const { access, refusesKeys } = procedure.meta ?? {}
      if (refusesKeys || access === 'signed-in') return 'API_KEY_REFUSED'
      return capabilityOf(procedure) ? 'SCOPE_MISSING' : null
    },
    at: isForPeople,
  },
  {
    what: 'about what is somebody else’s',
    scene: async (procedure, _me, { input }) =>
      input && !isOperators(procedure) ? as(await newPerson(), input) : null,
    at: isForPeople,
    spares: true,
  },
  {
    what: 'about what is not there',
    scene(_, me, { input }) {
      const text = JSON.stringify(input) ?? ''
      return anyId.test(text) ? as(me, JSON.parse(text.replaceAll(anyId, () => newId()))) : null
    },
    spares: true,
  },
  wrong('with every field wrong, as text', (procedure) => wrongTexts(procedure)),
  wrong('with every field of another type', (procedure) => wrongTypes(procedure)),
  wrong('with nothing in it', (procedure, { input }) => missingFields(procedure, input)),
  {
    ...wrong('with a list for an input', ({ inputs }) => (inputs.length > 0 ? [] : null)),
    at: (door, procedure) => door.takesAnything(procedure),
  },
  {
    what: 'from another site',
    // What makes another site a danger is a cookie, and the operator has none.
    scene: (procedure, me, { input }) =>
      procedure.type === 'mutation' && !isOperators(procedure)
        ? { ...as(me, input), origin: 'https://evil.example' }
        : null,
    code: () => 'ORIGIN_NOT_ALLOWED',
    at: (door) => door.isHttp === true,
  },
  {
    // The last, because it spends the caller's budget.
    what: 'one too many',
    scene: (procedure, me, { input }) => (isOperators(procedure) ? null : { ...as(me, input), isOver: true }),
    code: () => 'RATE_LIMITED',
    at: isForPeople,
  },
]

function copyOf({ cookies, headers }: TestBrowser, more: Record<string, string> = {}): TestBrowser {
  const browser = app.browser({ ...headers, ...more })
  for (const [name, value] of cookies) browser.cookies.set(name, value)
  return browser
}

const doorsOf = (procedure: Procedure) => doors.filter((door) => door.leadsTo(procedure))

describe('doors', () => {
  it.each(doors)('$name leads somewhere', (door) => {
    expect(procedures.filter((procedure) => door.leadsTo(procedure)).length).toBeGreaterThan(0)
  })
})

describe.each(procedures)('$path called', (procedure) => {
  const { path, type } = procedure
  const prepare = async () => {
    const me = await newPerson()
    const call = await prepareCall(app, path, me)
    // Whom a proxy speaks for is not the operator.
    if (isOperators(procedure)) delete me.browser.headers['x-forwarded-for']
    return { me, call }
  }
  let first: ReturnType<typeof prepare> | undefined
  const share = () => {
    first ??= prepare()
    return first
  }

  it.each(situations)('$what is the same through every door', async ({ scene, code, at, spares, changesCaller }) => {
    const expected = code?.(procedure) ?? null
    const begin = async (isFirst: boolean) => {
      // A refused call and a query change nothing, so the next situation uses the same preparation.
      const mayChange = type === 'mutation' && expected === null && (!spares || !isFirst || isOpen(procedure))
      const isSpent = mayChange || isOperators(procedure)
      const { me, call } = await (isSpent ? prepare() : share())
      const listen: Listening = expected !== null ? 'refusal' : call.speaksFirst ? 'words' : 'beginning'
      const ready = await scene(procedure, me, call)
      return ready && { ...ready, listen, isFree: isOperators(procedure) && ready.browser === me.browser }
    }
    const [firstDoor, ...others] = doorsOf(procedure).filter((door) => at?.(door, procedure) ?? true)
    const here = firstDoor ? await begin(true) : null
    if (!here || !firstDoor) return
    const made = [await through(firstDoor, procedure, here)]
    const { error, cookies } = made[0]?.passage ?? {}
    const isSpent = (!error && type === 'mutation') || (changesCaller && (!error || Boolean(cookies?.length)))
    for (const door of others)
      made.push(await through(door, procedure, isSpent ? ((await begin(false)) ?? here) : here))
    await here.undo?.()

    const [{ passage: first }, ...rest] = (await withRecords(made)) as [Compared, ...Compared[]]
    if (expected !== null) expect(first.error?.code, JSON.stringify(first)).toBe(expected)
    if (first.error) expect(first.records.filter(({ action }) => action === path)).toEqual([])
    expect(first.payers).toHaveLength(here.isFree || expected === 'ORIGIN_NOT_ALLOWED' ? 0 : 1)
    for (const { door, scene: again, passage } of rest) {
      expect(told(again, passage), `${door.name}, and ${firstDoor.name} before it`).toEqual(
        told(here, expectedAt(door, procedure, first, here)),
      )
    }
  })
})

const repeatable = procedures.filter(
  ({ type, meta }) => type === 'mutation' && meta?.audit && !meta.audit.secret && !isOpen({ meta } as Procedure),
)
const another: Procedure = procedures.find(({ path }) => path === 'drafts.create') ?? expect.unreachable()

describe.each(repeatable)('$path called with a key', (procedure) => {
  const itsDoors = doorsOf(procedure).filter(isForPeople)
  it.each(itsDoors)('through $name takes effect once, whichever door it comes again through', async (door) => {
    const me = await newPerson()
    const { input, other } = await prepareCall(app, procedure.path, me)
    if (isOperators(procedure)) delete me.browser.headers['x-forwarded-for']
    const key = newId()
    const made = [await through(door, procedure, { ...as(me, input), key })]
    const [{ passage: begun }] = made as [Made]
    if (door.refusesNobody && isAsNobody(procedure, begun)) {
      // As above: the sweep over situations has seen that it is so, and why.
      return expect(begun.error).toEqual(door.refusesNobody)
    }
    for (const again of itsDoors) made.push(await through(again, procedure, { ...as(me, input), key }))
    made.push(
      other
        ? await through(door, procedure, { ...as(me, other), key })
        : await through(door, another, { ...as(me, { title: 'x' }), key }),
    )
    const [{ passage: first }, ...repeats] = (await withRecords(made)) as [Compared, ...Compared[]]
    expect(first.error).toBe(undefined)
    expect(first.records.map(({ action }) => action)).toContain(procedure.path)
    const payer = isOperators(procedure) ? [] : [me.id]
    const misused = repeats.pop()?.passage
    for (const { door: again, passage } of repeats) {
      const { data, error, records, payers } = passage
      expect([again.name, data, error, records, payers]).toEqual([again.name, first.data, undefined, [], payer])
    }
    expect([misused?.error?.code, misused?.records]).toEqual(['IDEMPOTENCY_MISMATCH', []])
  })
})
