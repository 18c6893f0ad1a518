/** Tools at the MCP door, by the SDK's own client: the same calls as over tRPC, with the same rules, for whoever's token it is. */
import type { Client } from '@modelcontextprotocol/client'
import { and, asc, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Role, roles } from '../../../shared/account.ts'
import { type Capability, capabilities, hasCapability } from '../../../shared/capabilities.ts'
import { appRouter } from '../../router.ts'
import { keyOf } from '../../test/api-keys.ts'
import { buildTestApp, publicUrl, type TestApp } from '../../test/app.ts'
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

async function overTrpc({ bearer }: TestProgram, path: string, input: Call['input'], at = app): Promise<Outcome> {
  const isQuery = procedures.find((one) => one.path === path)?.type === 'query'
  const answer = await at.root.inject(
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
    expect(listed.map(({ name }) => name).sort()).toEqual(['account_me', 'drafts_get', 'drafts_list'])
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

describe('a token', () => {
  const codesBy = async (headers: Record<string, string>, at: TestApp = app) => {
    const payload = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    const accept = { accept: 'application/json, text/event-stream' }
    const answer = await at.root.inject({ method: 'POST', url: '/mcp', headers: { ...accept, ...headers }, payload })
    const { error } = answer.json()
    return [answer.statusCode, error?.data.code, answer.headers['www-authenticate']]
  }
  const invalid = 'Bearer realm="plinth", error="invalid_token"'

  it('is asked of everybody', async () => {
    expect(await codesBy({})).toEqual([401, 'UNAUTHENTICATED', 'Bearer realm="plinth"'])
    await expect(connectTools(url, {})).rejects.toSatisfy((thrown) => statusOf(thrown) === 401)
    await expect(connectTools(url, {}, 'legacy')).rejects.toSatisfy((thrown) => statusOf(thrown) === 401)
  })

  it('is none when it is forged, mangled, of another kind or there twice', async () => {
    const { accessToken, refreshToken } = await openProgram(app)
    const [head, body, signature] = accessToken.split('.') as [string, string, string]
    const flipped = `${signature.slice(0, -2)}${signature.endsWith('A') ? 'B' : 'A'}A`
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
    for (const token of ['x', refreshToken, `${head}.${body}.${flipped}`, `${head}.${body}.`, `${none}.${body}.`, '']) {
      expect(await codesBy({ authorization: `Bearer ${token}` })).toEqual([401, 'INVALID_CREDENTIAL', invalid])
    }
    for (const authorization of ['', 'Bearer', 'Basic eDp5', accessToken, `Bearer ${accessToken}, Bearer x`]) {
      expect(await codesBy({ authorization })).toEqual([401, 'INVALID_CREDENTIAL', invalid])
    }
  })

  it('is no more when its person has signed out, in the middle of things', async () => {
    for (const era of eras) {
      const program = await openProgram(app)
      const client = await connectTools(url, program.bearer, era)
      expect(outcomeOf(await client.callTool({ name: 'account_me' }))).toHaveProperty('data')
      await app.root.inject({ method: 'POST', url: '/api/v1/auth/logout', headers: program.bearer })
      await expect(client.callTool({ name: 'account_me' })).rejects.toSatisfy((thrown) => statusOf(thrown) === 401)
      expect(await codesBy(program.bearer)).toEqual([401, 'SESSION_ENDED', invalid])
    }
  })

  it('is not a cookie, an X-User-Id, or what stands elsewhere than in Authorization', async () => {
    const legacy = await buildTestApp({ environment: { MCP: 'on', AUTH_LEGACY_HEADER: 'on' } })
    const { cookieHeader: cookie } = await legacy.signIn()
    const { accessToken } = await openProgram(legacy)
    const ways: Record<string, string>[] = [
      { cookie, origin: publicUrl },
      { cookie, 'sec-fetch-site': 'same-origin' },
      { 'x-user-id': newId() },
      { 'sec-websocket-protocol': `plinth, plinth.bearer.${accessToken}` },
    ]
    for (const headers of ways) {
      expect(await codesBy(headers, legacy)).toEqual([401, 'UNAUTHENTICATED', 'Bearer realm="plinth"'])
    }
    const inAddress = await legacy.root.inject({ method: 'POST', url: `/mcp?access_token=${accessToken}`, payload: {} })
    expect(inAddress.statusCode).toBe(401)
    expect(await codesBy({ 'x-user-id': newId(), authorization: 'Bearer x' }, legacy)).toEqual([
      401,
      'INVALID_CREDENTIAL',
      invalid,
    ])
  })

  it('does not go with a cookie of somebody else', async () => {
    const { cookieHeader: cookie } = await app.signIn()
    const { bearer } = await openProgram(app)
    expect(await codesBy({ ...bearer, cookie, origin: publicUrl })).toEqual([401, 'INVALID_CREDENTIAL', invalid])
  })

  it('opens the same where browsers hold tokens too', async () => {
    const jwt = await buildTestApp({ environment: { MCP: 'on', AUTH_SESSION_MODE: 'jwt' } })
    const browser = await jwt.signIn()
    const authorization = `Bearer ${browser.accessToken}`
    const client = await connectTools(await jwt.listen(), { authorization, origin: publicUrl })
    const { data } = outcomeOf(await client.callTool({ name: 'account_me' })) as { data: unknown }
    expect(data).toEqual((await browser.get('/me')).json())
  })
})

describe('an origin', () => {
  it.each(['https://evil.example', 'null', '', 'http://evil.localhost:8000', `${publicUrl}0`])(
    'that is not ours is refused, with a token, with any method, and whatever the browser vouches for: %j',
    async (origin) => {
      const { bearer } = await openProgram(app)
      for (const method of ['POST', 'GET', 'DELETE'] as const) {
        for (const site of [{}, { 'sec-fetch-site': 'same-origin' }]) {
          const headers = { ...bearer, ...site, origin }
          const answer = await app.root.inject({
            method,
            url: '/mcp',
            headers,
            ...(method === 'POST' && { payload: {} }),
          })
          expect([answer.statusCode, answer.json().error.data.code]).toEqual([403, 'ORIGIN_NOT_ALLOWED'])
        }
      }
    },
  )

  it('of ours or of CORS_ORIGINS may, with a token', async () => {
    const partner = 'https://partner.example'
    const shared = await buildTestApp({ environment: { MCP: 'on', CORS_ORIGINS: partner } })
    const at = await shared.listen()
    for (const origin of [publicUrl, partner]) {
      const { bearer } = await openProgram(shared)
      const client = await connectTools(at, { ...bearer, origin })
      expect(outcomeOf(await client.callTool({ name: 'account_me' }))).toHaveProperty('data')
    }
    const preflight = await shared.root.inject({
      method: 'OPTIONS',
      url: '/mcp',
      headers: {
        origin: partner,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type, mcp-method, mcp-name, mcp-protocol-version',
      },
    })
    expect([preflight.statusCode, preflight.headers['access-control-allow-origin']]).toEqual([204, partner])
  })
})

describe('limits', () => {
  const [perNetwork, perPerson] = [12, 8]
  const environment = {
    MCP: 'on',
    RATE_LIMIT_ANONYMOUS: String(perNetwork),
    RATE_LIMIT_SIGNED_IN: String(perPerson),
    TRUST_PROXY: '127.0.0.1',
  }

  it.each(eras)('are those of the person, at every door together, by the %s protocol', async (era) => {
    const limited = await buildTestApp({ environment })
    const program = await openProgram(limited)
    // The handshake is a request with a note after it, and without one it is a request.
    const client = await connectTools(await limited.listen(), program.bearer, era)
    const left = async () => Number((await program.get(limited, '/me')).headers['ratelimit-remaining'])
    const spent = perPerson - (await left())
    expect(spent).toBe(era === 'legacy' ? 3 : 2)
    // A call, and a request that is none, are one each.
    expect(outcomeOf(await client.callTool({ name: 'account_me' }))).toHaveProperty('data')
    await client.listTools()
    expect(await left()).toBe(perPerson - spent - 3)
    while ((await program.get(limited, '/me')).statusCode === 200);
    const refused = outcomeOf(await client.callTool({ name: 'account_me' }))
    expect(refused).toMatchObject({ error: { code: 'RATE_LIMITED', retryAfterS: expect.any(Number) } })
    expect(await overTrpc(program, 'account.me', {}, limited)).toMatchObject({ error: { code: 'RATE_LIMITED' } })
    await expect(client.listTools({}, { cacheMode: 'refresh' })).rejects.toSatisfy((thrown) => statusOf(thrown) === 429)
    await expect(client.callTool({ name: 'nothing' })).rejects.toSatisfy((thrown) => statusOf(thrown) === 429)
  })

  it('count whoever comes without a token that is one as nobody', async () => {
    const limited = await buildTestApp({ environment })
    for (const headers of [{}, { authorization: 'Bearer x' }]) {
      const from = { ...headers, 'x-forwarded-for': `192.0.2.${Object.keys(headers).length + 1}` }
      const send = () => limited.root.inject({ method: 'POST', url: '/mcp', headers: from, payload: {} })
      for (let n = 1; n <= perNetwork; n++) {
        const answer = await send()
        expect([answer.statusCode, Number(answer.headers['ratelimit-remaining'])]).toEqual([401, perNetwork - n])
      }
      const answer = await send()
      expect([answer.statusCode, answer.json().error.data.code]).toEqual([429, 'RATE_LIMITED'])
      expect(answer.headers['retry-after']).toBe(String(answer.json().error.data.retryAfterS))
    }
  })
})

describe('the door', () => {
  it('is not there unless it is switched on', async () => {
    const closed = await buildTestApp()
    const { bearer } = await openProgram(closed)
    for (const method of ['POST', 'GET', 'DELETE'] as const) {
      const answer = await closed.root.inject({ method, url: '/mcp', headers: bearer })
      expect([answer.statusCode, answer.json().error.code]).toEqual([404, 'NOT_FOUND'])
    }
  })

  it('has no stream and no sessions, so any instance answers anything', async () => {
    const { bearer } = await openProgram(app)
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'] as const) {
      const answer = await app.root.inject({ method, url: '/mcp', headers: { ...bearer, accept: 'text/event-stream' } })
      expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'POST'])
      expect(answer.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { data: { code: 'METHOD_NOT_ALLOWED' } } })
    }
    const accept = 'application/json, text/event-stream'
    const answer = await app.root.inject({
      method: 'POST',
      url: '/mcp',
      headers: { ...bearer, accept, 'mcp-session-id': 'of-another-instance' },
      payload: { jsonrpc: '2.0', id: 'a', method: 'tools/call', params: { name: 'account_me' } },
    })
    expect(answer.headers).toMatchObject({ 'content-type': expect.stringMatching(/^application\/json/) })
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-request-id': expect.any(String) })
    expect(answer.headers).not.toHaveProperty('mcp-session-id')
    expect(answer.json()).toMatchObject({ id: 'a', result: { structuredContent: { displayName: 'Ada' } } })
  })

  it('writes nothing of what was asked and answered into the log', async () => {
    const { bearer } = await openProgram(app)
    for (const era of eras) {
      const client = await connectTools(url, bearer, era)
      const canary = `canary${newId()}`
      await client.callTool({ name: 'drafts_create', arguments: { title: canary } })
      await client.callTool({ name: 'drafts_create', arguments: { title: [canary], [canary]: 1 } })
      await client.callTool({ name: canary }).catch(() => {})
      await app.root.inject({ method: 'POST', url: `/mcp?${canary}`, headers: bearer, payload: { method: canary } })
      const lines = JSON.stringify(app.logs)
      expect(lines).toContain('/mcp')
      expect(lines).not.toContain(canary)
      expect(lines).not.toContain(bearer.authorization.slice(-40))
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
