/** Access to `/mcp`: tokens, origins, limits, and what the endpoint stores and logs. */
import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { buildTestApp, publicUrl, type TestApp } from '../../test/app.ts'
import { openProgram } from '../../test/programs.ts'
import { connectTools, eras, outcomeOf, statusOf } from '../../test/tools.ts'
import { newId } from '../db/columns.ts'
import { sessions } from '../identity/table.ts'

const app = await buildTestApp({ environment: { MCP: 'on' } })
const url = await app.listen()

describe('a token', () => {
  const codesBy = async (headers: Record<string, string>, at: TestApp = app) => {
    const payload = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    const accept = { accept: 'application/json, text/event-stream' }
    const answer = await at.root.inject({ method: 'POST', url: '/mcp', headers: { ...accept, ...headers }, payload })
    const { error } = answer.json()
    return [answer.statusCode, error?.data.code, answer.headers['www-authenticate']]
  }
  const invalid = 'Bearer realm="plinth", error="invalid_token"'

  it('is required of every caller', async () => {
    expect(await codesBy({})).toEqual([401, 'UNAUTHENTICATED', 'Bearer realm="plinth"'])
    await expect(connectTools(url, {})).rejects.toSatisfy((thrown) => statusOf(thrown) === 401)
    await expect(connectTools(url, {}, 'legacy')).rejects.toSatisfy((thrown) => statusOf(thrown) === 401)
  })

  it('is refused when it is forged, malformed, of another kind or sent twice', async () => {
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

  it('is refused once its user has signed out, also on an open client', async () => {
    for (const era of eras) {
      const program = await openProgram(app)
      const client = await connectTools(url, program.bearer, era)
      expect(outcomeOf(await client.callTool({ name: 'account_me' }))).toHaveProperty('data')
      await app.root.inject({ method: 'POST', url: '/api/v1/auth/logout', headers: program.bearer })
      await expect(client.callTool({ name: 'account_me' })).rejects.toSatisfy((thrown) => statusOf(thrown) === 401)
      expect(await codesBy(program.bearer)).toEqual([401, 'SESSION_ENDED', invalid])
    }
  })

  it('is refused with the reason for which its session ended, and a forged one of that session without', async () => {
    const program = await openProgram(app)
    const { db } = app.database
    const isOfProgram = eq(sessions.id, program.sessionId)
    await db.update(sessions).set({ endedAt: sql`now()`, endReason: 'revoked' }).where(isOfProgram)
    app.sessions.announceEnded([program.sessionId], 'revoked')
    const errorBy = async (token: string) => {
      const payload = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'account_me', arguments: {} } }
      const headers = { accept: 'application/json, text/event-stream', authorization: `Bearer ${token}` }
      const answer = await app.root.inject({ method: 'POST', url: '/mcp', headers, payload })
      const { code, endReason } = answer.json().error.data
      return [answer.statusCode, code, endReason]
    }
    expect(await errorBy(program.accessToken)).toEqual([401, 'SESSION_ENDED', 'revoked'])
    const forged = program.accessToken.replace(/.{8}$/, 'AAAAAAAA')
    expect(await errorBy(forged)).toEqual([401, 'INVALID_CREDENTIAL', undefined])
  })

  it('is accepted only in Authorization, not as a cookie, X-User-Id, WebSocket protocol or query parameter', async () => {
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

  it('is refused beside a session cookie of another user', async () => {
    const { cookieHeader: cookie } = await app.signIn()
    const { bearer } = await openProgram(app)
    expect(await codesBy({ ...bearer, cookie, origin: publicUrl })).toEqual([401, 'INVALID_CREDENTIAL', invalid])
  })

  it('is accepted with AUTH_SESSION_MODE=jwt too', async () => {
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
    'that is not allowed is refused, with a token, with any method, and whatever Sec-Fetch-Site says: %j',
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

  it('of this server or of CORS_ORIGINS is allowed, with a token', async () => {
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

  it.each(eras)('are those of the user, for every API together, with the %s protocol', async (era) => {
    const limited = await buildTestApp({ environment })
    const program = await openProgram(limited)
    // The legacy handshake is a request and a notification; the other protocol sends one request.
    const client = await connectTools(await limited.listen(), program.bearer, era)
    const left = async () => Number((await program.get(limited, '/me')).headers['ratelimit-remaining'])
    const spent = perPerson - (await left())
    expect(spent).toBe(era === 'legacy' ? 3 : 2)
    // A tool call and any other request count as one each.
    expect(outcomeOf(await client.callTool({ name: 'account_me' }))).toHaveProperty('data')
    await client.listTools()
    expect(await left()).toBe(perPerson - spent - 3)
    while ((await program.get(limited, '/me')).statusCode === 200);
    const refused = outcomeOf(await client.callTool({ name: 'account_me' }))
    expect(refused).toMatchObject({ error: { code: 'RATE_LIMITED', retryAfterS: expect.any(Number) } })
    const overTrpc = await limited.root.inject({ url: '/trpc/account.me', headers: program.bearer })
    expect(overTrpc.json()).toMatchObject({ error: { data: { code: 'RATE_LIMITED' } } })
    await expect(client.listTools({}, { cacheMode: 'refresh' })).rejects.toSatisfy((thrown) => statusOf(thrown) === 429)
    await expect(client.callTool({ name: 'nothing' })).rejects.toSatisfy((thrown) => statusOf(thrown) === 429)
  })

  it('count a caller without a valid token by network', async () => {
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

describe('the endpoint', () => {
  it('does not exist unless it is enabled', async () => {
    const closed = await buildTestApp()
    const { bearer } = await openProgram(closed)
    for (const method of ['POST', 'GET', 'DELETE'] as const) {
      const answer = await closed.root.inject({ method, url: '/mcp', headers: bearer })
      expect([answer.statusCode, answer.json().error.code]).toEqual([404, 'NOT_FOUND'])
    }
  })

  it('has no stream and no sessions, so any instance can handle any request', async () => {
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

  it('logs nothing of inputs and outputs', async () => {
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
