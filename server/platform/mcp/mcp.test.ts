/** Tools at the MCP door, by the SDK's own client: the same calls as over tRPC, with the same rules, for whoever's token it is. */
import type { Client } from '@modelcontextprotocol/client'
import { and, asc, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Role, roles } from '../../../shared/account.ts'
import { type Capability, capabilities, hasCapability } from '../../../shared/capabilities.ts'
import { appRouter } from '../../router.ts'
import { keyOf } from '../../test/api-keys.ts'
import { buildTestApp } from '../../test/app.ts'
import { type Call, prepareCall, procedures } from '../../test/calls.ts'
import { signedIn } from '../../test/followers.ts'
import { openProgram, type TestProgram } from '../../test/programs.ts'
import { connectTools, type Era, eras, type Outcome, outcomeOf, statusOf, toolName } from '../../test/tools.ts'
import { authedProcedure, credentialProcedure, operatorProcedure, publicProcedure, router } from '../../trpc.ts'
import { auditLogs } from '../audit/table.ts'
import { newId } from '../db/columns.ts'
import { users } from '../identity/table.ts'
import { isFor, type Tool, toolsOf } from './tool.ts'

const app = await buildTestApp({ environment: { MCP: 'on' } })
const url = await app.listen()

const tools = procedures.filter(({ meta }) => meta?.mcp)
const mutations = tools.filter(({ type }) => type === 'mutation')
/** By their role, where a capability is asked. */
const may = (role: Role, { meta }: (typeof tools)[number]) =>
  !capabilities.includes(meta?.access as Capability) || hasCapability(role, meta?.access as Capability)

/** Somebody with a token, and a call of `path` that they may make. */
async function prepared(path: string) {
  const me = await signedIn(app)
  const call = await prepareCall(app, path, me)
  return { me, call, program: await openProgram(app, me) }
}

/** A client that has listed the tools, so it checks structured content against their schemas. */
async function withTools(program: TestProgram, era: Era): Promise<Client> {
  const client = await connectTools(url, program.bearer, era)
  await client.listTools()
  return client
}

/** One user of each role, with a client for each protocol. */
const strangers = await Promise.all(
  roles.map(async (role) => {
    const { id } = await signedIn(app)
    await app.database.db.update(users).set({ role }).where(eq(users.id, id))
    const program = await openProgram(app, { id })
    const [legacy, modern] = await Promise.all(eras.map((era) => withTools(program, era)))
    return { role, program, clients: { legacy, modern } as Record<Era, Client> }
  }),
)

const calls = new Map<string, Promise<Call>>()

/** A call of `path` that its owner may make. Calls by other users change nothing of it, so one is enough. */
function callOf(path: string): Promise<Call> {
  const call = calls.get(path) ?? signedIn(app).then((me) => prepareCall(app, path, me))
  calls.set(path, call)
  return call
}

async function overTrpc({ bearer }: TestProgram, path: string, input: Call['input']): Promise<Outcome> {
  const isQuery = procedures.find((one) => one.path === path)?.type === 'query'
  const answer = await app.root.inject(
    isQuery
      ? { url: `/trpc/${path}?input=${encodeURIComponent(JSON.stringify(input ?? {}))}`, headers: bearer }
      : { method: 'POST', url: `/trpc/${path}`, headers: bearer, payload: input ?? {} },
  )
  const { result, error } = answer.json()
  if (result) return { data: result.data }
  const { code, details, retryAfterS } = error.data
  return { error: { code, message: error.message, ...(details && { details }), ...(retryAfterS && { retryAfterS }) } }
}

const recordsOf = (action: string, actorId: string) =>
  app.database.db
    .select()
    .from(auditLogs)
    .where(and(eq(auditLogs.action, action), eq(auditLogs.actorId, actorId)))
    .orderBy(asc(auditLogs.id))

describe('what is offered', () => {
  it('is these, and no other: one more is put here with a thought on what a model may be talked into with it', () => {
    expect(tools.map(({ path }) => path).sort()).toEqual([
      'account.me',
      'auditLog.list',
      'drafts.addCollaborator',
      'drafts.append',
      'drafts.create',
      'drafts.get',
      'drafts.list',
      'drafts.passRing',
      'drifts.get',
      'drifts.list',
      'metrics.summary',
      'people.list',
      'search',
      'tasks.complete',
      'tasks.create',
      'tasks.list',
    ])
  })

  it.each(eras)('is told to each what they may use, by the %s protocol', async (era) => {
    for (const role of roles) {
      const me = await signedIn(app)
      await app.database.db.update(users).set({ role }).where(eq(users.id, me.id))
      const { bearer } = await openProgram(app, me)
      const { tools: listed } = await (await connectTools(url, bearer, era)).listTools()
      const theirs = tools.filter((tool) => may(role, tool)).map(({ path }) => toolName(path))
      expect([role, listed.map(({ name }) => name)]).toEqual([role, theirs])
    }
  })

  it('says of itself what a client has to know before it asks a person', async () => {
    const { tools: listed } = await (await connectTools(url, (await openProgram(app)).bearer)).listTools()
    const hints = Object.fromEntries(listed.map(({ name, annotations }) => [name, annotations]))
    const closed = { openWorldHint: false }
    const reads = { ...closed, readOnlyHint: true, destructiveHint: false, idempotentHint: true }
    const adds = { ...closed, readOnlyHint: false, destructiveHint: false, idempotentHint: false }
    expect(hints).toMatchObject({
      account_me: reads,
      drafts_list: reads,
      drafts_get: reads,
      drafts_create: adds,
      drafts_append: adds,
      drafts_passRing: { ...adds, destructiveHint: true },
      drafts_addCollaborator: { ...adds, idempotentHint: true },
    })
    const append = listed.find(({ name }) => name === 'drafts_append')
    expect(append).toMatchObject({
      description: expect.stringContaining('ring'),
      inputSchema: {
        type: 'object',
        properties: {
          draftId: { type: 'string' },
          text: { type: 'string', maxLength: 10_000 },
          idempotencyKey: { type: 'string' },
        },
        required: ['draftId', 'text'],
      },
      outputSchema: { type: 'object', $defs: { PersonRef: { type: 'object' } } },
    })
    expect(JSON.stringify(listed)).not.toContain('#/components')
  })

  it('introduces itself', async () => {
    for (const era of eras) {
      const client = await connectTools(url, (await openProgram(app)).bearer, era)
      expect(client.getProtocolEra()).toBe(era)
      expect(client.getServerVersion()).toMatchObject({ name: 'plinth', version: expect.stringMatching(/^\d/) })
      expect(client.getServerCapabilities()).toEqual({ tools: {} })
      expect(client.getInstructions()).toContain('idempotencyKey')
    }
  })
})

describe('an API key', () => {
  it.each(eras)('is shown what its scopes name, and may no more, by the %s protocol', async (era) => {
    const me = await signedIn(app)
    const { id, bearer } = await keyOf(app, me, { scopes: ['draft:read'] })
    const client = await connectTools(url, bearer, era)
    const { tools: listed } = await client.listTools()
    expect(listed.map(({ name }) => name).sort()).toEqual(['account_me', 'drafts_get', 'drafts_list', 'search'])
    expect(outcomeOf(await client.callTool({ name: 'account_me' }))).toMatchObject({ data: { id: me.id } })
    expect(outcomeOf(await client.callTool({ name: 'drafts_create', arguments: { title: 'One' } }))).toMatchObject({
      error: { code: 'SCOPE_MISSING' },
    })
    await app.database.db.update(users).set({ role: 'viewer' }).where(eq(users.id, me.id))
    app.sessions.announceChanged(me.id)
    const { bearer: whole } = await keyOf(app, me)
    const forViewers = tools.filter((tool) => may('viewer', tool))
    expect((await (await connectTools(url, whole, era)).listTools()).tools).toHaveLength(forViewers.length)
    await me.browser.mutate('apiKeys.revoke', { keyId: id })
    await expect(client.callTool({ name: 'account_me' })).rejects.toSatisfy((thrown) => statusOf(thrown) === 401)
  })

  it('is not shown what no key may', () => {
    const own = router({
      own: authedProcedure
        .meta({ mcp: { description: 'x' } })
        .output(z.void())
        .query(() => {}),
    })
    const [tool] = toolsOf(own) as [Tool]
    const actor = { id: newId(), role: 'admin', sessionId: newId() } as const
    expect([isFor({ ...actor, scopes: null }, tool), isFor({ ...actor, scopes: capabilities }, tool)]).toEqual([
      true,
      false,
    ])
  })
})

describe.each(eras)('by the %s protocol,', (era) => {
  it.each(tools)(
    '$path answers as over tRPC, and says the same in text as in its structure',
    async ({ path, type }) => {
      const { call, program } = await prepared(path)
      const input = { ...call.input, ...(type === 'mutation' && { idempotencyKey: newId() }) }
      const client = await withTools(program, era)
      const result = await client.callTool({ name: toolName(path), arguments: input })
      const outcome = outcomeOf(result)
      expect(outcome).toHaveProperty('data')
      expect(outcome).toEqual(await overTrpc(program, path, input))
      const { content, structuredContent } = result
      expect(content).toEqual([{ type: 'text', text: expect.any(String) }])
      expect(content.map((one) => one.type === 'text' && JSON.parse(one.text))).toEqual([structuredContent])
    },
  )

  it.each(mutations)('$path is recorded once, with who and on what', async ({ path }) => {
    const { me, call, program } = await prepared(path)
    const before = (await recordsOf(path, me.id)).length
    const client = await connectTools(url, program.bearer, era)
    const result = await client.callTool({ name: toolName(path), arguments: call.input ?? {} })
    expect(outcomeOf(result)).toHaveProperty('data')
    const [record, ...more] = (await recordsOf(path, me.id)).slice(before)
    expect(more).toEqual([])
    expect(record).toMatchObject({ actorId: me.id, action: path, ip: '127.0.0.1' })
    expect(record?.target).toMatch(call.target ?? expect.unreachable())
    expect(record?.requestId).toMatch(/^[0-9a-f-]{36}$/)
  })

  it.each(mutations)('$path takes effect once for a key, wherever it stands', async ({ path }) => {
    const { me, call, program } = await prepared(path)
    const before = (await recordsOf(path, me.id)).length
    const [name, idempotencyKey] = [toolName(path), newId()]
    const plain = await connectTools(url, program.bearer, era)
    const withHeader = await connectTools(url, { ...program.bearer, 'idempotency-key': idempotencyKey }, era)
    const outcomes = [
      await plain.callTool({ name, arguments: { ...call.input, idempotencyKey } }),
      await plain.callTool({ name, arguments: call.input ?? {}, _meta: { idempotencyKey } }),
      await withHeader.callTool({ name, arguments: call.input ?? {} }),
      // What stands beside the input decides.
      await plain.callTool({ name, arguments: { ...call.input, idempotencyKey }, _meta: { idempotencyKey: newId() } }),
    ].map(outcomeOf)
    expect(outcomes[0]).toHaveProperty('data')
    expect(outcomes).toEqual(outcomes.map(() => outcomes[0]))
    expect((await recordsOf(path, me.id)).slice(before)).toHaveLength(1)
    const other = { ...call.other, idempotencyKey }
    expect(outcomeOf(await plain.callTool({ name, arguments: other }))).toMatchObject({
      error: { code: 'IDEMPOTENCY_MISMATCH' },
    })
    const wrong = await plain.callTool({ name, arguments: call.input ?? {}, _meta: { idempotencyKey: 5 } })
    expect(outcomeOf(wrong)).toMatchObject({
      error: { code: 'VALIDATION_ERROR', details: [{ field: 'idempotencyKey' }] },
    })
  })

  it.each(tools)('$path fails for others as over tRPC', async (tool) => {
    const { path } = tool
    const { input: whole = {} } = await callOf(path)
    for (const { role, program, clients } of strangers) {
      const name = toolName(path)
      const input = { ...whole, idempotencyKey: newId() }
      const outcome = outcomeOf(await clients[era].callTool({ name, arguments: input }))
      // What is wrong with an input is told in the same words too.
      const wrong = { ...whole, ...Object.fromEntries(Object.keys(whole).map((field) => [field, 5])) }
      expect([role, outcome]).toEqual([role, await overTrpc(program, path, input)])
      const refused = outcomeOf(await clients[era].callTool({ name, arguments: wrong }))
      expect(refused).toEqual(await overTrpc(program, path, wrong))
      if (!may(role, tool)) expect([role, outcome]).toMatchObject([role, { error: { code: 'FORBIDDEN' } }])
    }
  })
})

describe('a procedure that cannot be a tool', () => {
  const tool = { mcp: { description: 'x' } }
  const secret = { ...tool, audit: { noun: 'person', secret: true } } as const
  const Thing = z.object({ a: z.string() })
  const thing = () => ({ a: '' })
  const open = publicProcedure.meta(tool)
  it.each([
    ['a stream', { s: open.subscription(async function* () {}) }, /a stream is no tool/],
    ['one with secrets', { s: open.meta(secret).output(Thing).mutation(thing) }, /secrets/],
    ['one for a secret', { s: credentialProcedure.meta(tool).output(Thing).query(thing) }, /secrets/],
    ['one of the operator', { s: operatorProcedure.meta(tool).output(Thing).query(thing) }, /no operator has a token/],
    ['one of unknown use', { s: open.meta({ mcp: {} }).output(Thing).query(thing) }, /say what it does/],
    ['one that answers a text', { s: open.output(z.string()).query(() => '') }, /output is no object/],
    ['one that takes a list', { s: open.input(z.array(Thing)).output(Thing).query(thing) }, /input is no object/],
    ['one that does not say what it answers', { s: open.query(thing) }, /output is no Zod schema/],
    [
      'one whose name is another’s',
      { a_b: open.output(Thing).query(thing), a: { b: open.output(Thing).query(thing) } },
      /both the tool a_b/,
    ],
  ])('stops the start: %s', (_, record, message) => {
    expect(() => toolsOf(router(record))).toThrow(message)
  })

  it('is none of the real ones; and one that answers nothing, or takes what two schemas ask, is one', () => {
    expect(toolsOf(appRouter)).toHaveLength(tools.length)
    const [both] = toolsOf(
      router({
        both: authedProcedure
          .meta(tool)
          .input(Thing)
          .input(z.object({ b: z.int().optional() }))
          .output(z.void())
          .mutation(() => {}),
      }),
    )
    expect(both?.definition.inputSchema).toEqual({
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'integer' } },
      required: ['a'],
    })
    expect(both?.definition).not.toHaveProperty('outputSchema')
  })
})
