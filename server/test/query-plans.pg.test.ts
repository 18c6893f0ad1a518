/**
 * Every list of the router, with each of its filters and both ways of paging, on tables with enough rows in them: the statements that the
 * server sends are explained, and none may go through a table or sort what it has found, however rare a filter's rows are. A list without
 * a case fails, and so does a filter of one, and a table that a list reads and nobody filled.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { groupLimits } from '../../shared/groups.ts'
import { PostgresConnection, type Statement } from '../platform/db/postgres-connection.ts'
import { mostRead } from '../platform/db/text-search.ts'
import { appRouter } from '../router.ts'
import { buildTestApp } from './app.ts'
import { makeAdministrator, type Person } from './calls.ts'
import { createTestDatabase } from './database.ts'
import { signedIn } from './followers.ts'
import { faultsOf, type Plan } from './query-plan.ts'
import { type Filled, fillTables } from './query-plan-rows.ts'

interface Case {
  who?: 'administrator'
  /** What it cannot be asked without. */
  input?: (filled: Filled) => Record<string, unknown>
  /** Values of everything that narrows it: common ones and rare ones. Each is asked for with each value of each other. */
  filters?: (filled: Filled) => Record<string, unknown[]>
  /**
   * Filters, some of them only beside one another, or `true` for the list itself, that may read more: administrators ask for them by
   * hand, now and then.
   */
  byHand?: readonly string[] | true
  /** With these filters it has no pages by number. */
  cursorOnly?: (narrowed: Record<string, unknown>) => boolean
  /** With this filter, or `true` for the list itself, it may read so many rows, to rank those that a text fits, however many there are. */
  byText?: string | true
  /** Those of its statements that read `table` may read `rows` by their text, instead of `mostRead`. */
  byTextIn?: { table: string; rows: number }
  /** It counts what there is of it, all of which is one person's and bounded. */
  counts?: true
}

const cases: Record<string, Case> = {
  'account.sessions.list': {},
  'account.identities.list': {},
  'alerts.list': { filters: () => ({ severity: ['high', 'critical'], settled: [true, false] }) },
  'apiKeys.list': { counts: true },
  'apiKeys.listAll': { who: 'administrator', filters: ({ me }) => ({ personId: [me] }) },
  'auditLog.list': {
    who: 'administrator',
    filters: ({ me, key, draft }) => ({
      actorId: [me],
      apiKeyId: [key],
      action: ['drafts.rename'],
      target: [`draft:${draft}`],
      since: ['2020-01-01T00:00:00Z'],
      until: ['2100-01-01T00:00:00Z'],
    }),
    byHand: ['since', 'until', 'actorId action'],
  },
  'conversations.list': { counts: true },
  'conversations.messages.list': {
    input: ({ conversation }) => ({ conversationId: conversation }),
    filters: () => ({ order: ['oldest', 'newest'] }),
  },
  'drafts.list': {},
  'drafts.listInvitations': { input: ({ draft }) => ({ draftId: draft }) },
  'drifts.list': {
    filters: () => ({
      status: ['pending', 'rejected', 'decided'],
      severity: ['low', 'critical'],
      provider: ['aws', 'rare'],
      sort: ['severity'],
      search: ['vm', '77'],
    }),
    byText: 'search',
    cursorOnly: ({ status, sort }) => status === 'decided' || sort === 'severity',
  },
  'drifts.history': { input: ({ drift }) => ({ driftId: drift }) },
  'groups.list': { counts: true },
  'groups.members': {
    input: ({ group }) => ({ groupId: group }),
    filters: () => ({ status: ['active', 'banned'] }),
    counts: true,
  },
  'groups.invitations': { counts: true },
  'people.list': {
    who: 'administrator',
    filters: () => ({ search: ['person 7'], role: ['user', 'engineer'], active: [true, false] }),
    byHand: ['search'],
  },
  'people.legacyReport': { who: 'administrator', byHand: true },
  'people.sessions.list': { who: 'administrator', input: ({ me }) => ({ personId: me }) },
  'profiles.search': {
    input: () => ({ q: 'person' }),
    filters: () => ({ q: ['person_77', 'person 77', 'pe', 'nothing', 'ö'.repeat(2)] }),
    byText: true,
    // All friends, whom no index finds by a text: of them `filled` has 3,000.
    byTextIn: { table: 'group_memberships', rows: groupLimits.perUser * groupLimits.members },
  },
  search: {
    input: () => ({ limit: 20 }),
    filters: () => ({
      text: ['task', 'task 77', 'rare', 'words', 'draft', 'nothing'],
      kind: ['task', 'draft'],
    }),
    byText: true,
  },
  'tasks.list': { filters: () => ({ completed: [true, false] }) },
}

/** How much of a list is asked for, and how it is gone on with. */
const paging = ['page', 'cursor', 'limit']
const limit = 20

interface Built {
  _def: { inputs: z.ZodType[]; output?: z.ZodType }
}
const toSchema = (schema: z.ZodType, io: 'input' | 'output') => z.toJSONSchema(schema, { io, unrepresentable: 'any' })
/** A schema with an id is a reference to its definition. */
const hasItems = ({ $ref, $defs = {}, properties }: z.core.JSONSchema.BaseSchema) =>
  Object.hasOwn(($ref ? $defs[$ref.slice('#/$defs/'.length)]?.properties : properties) ?? {}, 'items')
const lists = Object.entries(appRouter._def.procedures as unknown as Record<string, Built>).flatMap(
  ([path, { _def }]) => {
    if (!_def.output || !hasItems(toSchema(_def.output, 'output'))) return []
    const inputs = _def.inputs.map((input) => toSchema(input, 'input'))
    return [{ path, fields: inputs.flatMap(({ properties }) => Object.keys(properties ?? {})) }]
  },
)

const database = await createTestDatabase()
const app = await buildTestApp({ environment: { DATABASE_URL: database.url } })
const client = postgres(database.url, { max: 1, onnotice: () => {} })
let filled: Filled
let [person, administrator] = [] as unknown as [Person, Person]
beforeAll(async () => {
  person = await signedIn(app)
  administrator = await signedIn(app)
  await makeAdministrator(app, administrator)
  filled = await fillTables(client, person.id)
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

/** Of whoever asks for a list, and not of what the server does meanwhile. */
const sent = new AsyncLocalStorage<Statement[]>()
const { query } = PostgresConnection.prototype
const spy = vi.spyOn(PostgresConnection.prototype, 'query')
spy.mockImplementation(function (this: PostgresConnection, statement) {
  if (/^\s*(select|with|insert|update|delete)\b/i.test(statement.text)) sent.getStore()?.push(statement)
  return Reflect.apply(query, this, [statement])
})
afterAll(() => spy.mockRestore())

/** What the server asks its database for, and how the list goes on. */
async function ask({ browser }: Person, path: string, input: Record<string, unknown>) {
  const statements: Statement[] = []
  const answer = await sent.run(statements, () => browser.query(path, input))
  expect([path, input, answer.statusCode]).toEqual([path, input, 200])
  expect(statements).not.toEqual([])
  const { pagination, nextCursor } = answer.json().result.data
  return { statements, next: (pagination ? pagination.nextCursor : nextCursor) as string | null }
}

async function planOf({ text, values = [] }: Statement, before = ''): Promise<Plan> {
  await client.unsafe(`begin; ${before}`)
  try {
    const [row] = await client.unsafe(`explain (analyze, format json) ${text}`, values as string[])
    return row?.['QUERY PLAN'][0].Plan
  } finally {
    await client.unsafe('rollback')
  }
}

/** The plan for any values, executed with these. */
async function genericPlanOf({ text, values = [] }: Statement): Promise<Plan> {
  const literals = values.map((value) => `'${String(value).replaceAll("'", "''")}'`)
  await client.unsafe(`prepare one as ${text}`)
  await client.unsafe('begin; set local plan_cache_mode = force_generic_plan')
  try {
    const given = literals.length > 0 ? `(${literals})` : ''
    const [row] = await client.unsafe(`explain (analyze, format json) execute one${given}`)
    return row?.['QUERY PLAN'][0].Plan
  } finally {
    await client.unsafe('rollback; deallocate one')
  }
}

function faultsIn(plan: Plan, path: string, asked: Record<string, unknown>): string[] {
  const { byText } = cases[path] ?? {}
  const isByText = byText === true || (byText !== undefined && byText in asked)
  const { table, rows } = cases[path]?.byTextIn ?? {}
  const most = rows && JSON.stringify(plan).includes(`"Relation Name":"${table}"`) ? rows : mostRead
  return isByText ? faultsOf(plan, most, filled.rowsOf, most) : faultsOf(plan, limit, filled.rowsOf)
}

/** Each value of each filter, and its absence, with those of all others. */
const combined = (filters: Record<string, unknown[]>): Record<string, unknown>[] =>
  Object.entries(filters).reduce<Record<string, unknown>[]>(
    (inputs, [name, values]) =>
      inputs.flatMap((input) => [input, ...values.map((value) => ({ ...input, [name]: value }))]),
    [{}],
  )

describe('lists', () => {
  it('have a case each, with all that narrows them', () => {
    expect(Object.keys(cases).sort()).toEqual(lists.map(({ path }) => path).sort())
    for (const { path, fields } of lists) {
      const { input, filters } = cases[path] as Case
      const known = [...paging, ...Object.keys(input?.(filled) ?? {}), ...Object.keys(filters?.(filled) ?? {})]
      expect([path, fields.filter((field) => !known.includes(field))]).toEqual([path, []])
    }
  })

  it.each(lists)('use indexes: $path', async ({ path, fields }) => {
    const { who, input, filters, byHand, counts, cursorOnly } = cases[path] ?? expect.unreachable()
    const faults = new Set<string>()
    const look = async (asked: Record<string, unknown>) => {
      const { statements, next } = await ask(who ? administrator : person, path, asked)
      for (const statement of statements) {
        if (counts && /^select count\(\*\)/.test(statement.text)) continue
        const plans = [await planOf(statement), ...(statement.prepare ? [await genericPlanOf(statement)] : [])]
        for (const fault of plans.flatMap((plan) => faultsIn(plan, path, asked))) {
          faults.add(`${JSON.stringify(asked)}: ${fault}\n  in ${statement.text}`)
        }
      }
      return next ?? null
    }
    expect(byHand, 'only where administrators are').toSatisfy((it) => it === undefined || who === 'administrator')
    if (byHand === true) return
    for (const narrowed of combined(filters?.(filled) ?? {})) {
      if (byHand?.some((filters) => filters.split(' ').every((filter) => filter in narrowed))) continue
      const asked = { ...input?.(filled), ...narrowed, limit }
      const cursor = await look(asked)
      if (cursor !== null) await look({ ...asked, cursor })
      if (fields.includes('page') && !cursorOnly?.(narrowed)) await look({ ...asked, page: 2 })
    }
    expect([...faults]).toEqual([])
  })

  it.each([
    ['tasks.list', { completed: true }, 'tasks_user_id_completed_rank_idx', /^(reads|sorts) \d+ rows/],
    ['drifts.list', {}, 'drifts_detected_at_idx', /^goes through all of drifts/],
    ['drifts.list', { search: '77' }, 'drifts_words_idx', /^(reads \d+ rows of|goes through all of) drifts/],
    [
      'profiles.search',
      { q: 'person_77' },
      'users_audience_username_idx',
      /^(reads \d+ rows of|goes through all of) users/,
    ],
    [
      'profiles.search',
      { q: 'person 77' },
      'users_everyone_words_idx',
      /^(reads \d+ rows of|goes through all of) users/,
    ],
    ['search', { text: 'task 77', kind: 'task' }, 'tasks_words_idx', /^(reads \d+ rows of|goes through all of) tasks/],
  ])('would be found out: %s %j without %s', async (path, input, index, fault) => {
    const faults: string[] = []
    const { statements } = await ask(person, path, { ...input, limit })
    for (const statement of statements) {
      faults.push(...faultsIn(await planOf(statement, `drop index ${index}`), path, input))
    }
    expect(faults).toContainEqual(expect.stringMatching(fault))
  })
})
