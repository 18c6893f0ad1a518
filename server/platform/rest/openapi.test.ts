/** The document and the page of the REST door: true, whole, and the same as the copy that is reviewed. */
import { readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { appRouter } from '../../router.ts'
import { buildTestApp } from '../../test/app.ts'
import { faultsOf } from '../../test/json-schema.ts'
import { publicProcedure, router } from '../../trpc.ts'
import { type Content, type Operation, openApiOf } from './openapi.ts'
import { pathParameters, type RestRoute, restRoutesOf } from './rest-route.ts'
import type { JsonSchema } from './schema-book.ts'

/** The contract of the clients that there are, and what each says to nobody who sends nothing. */
const promised: Record<string, number> = {
  'GET /auth/google': 302,
  'GET /auth/google/callback': 302,
  'POST /auth/logout': 204,
  'GET /health': 200,
  'GET /livez': 200,
  'GET /readyz': 200,
  // Which is no upgrade.
  'GET /v1/ws/drafts/{draftId}': 404,
  'GET /me': 401,
  'POST /api/v1/auth/register': 400,
  'POST /api/v1/auth/login': 400,
  'POST /api/v1/auth/refresh': 401,
  'POST /api/v1/auth/logout': 204,
  'POST /api/v1/auth/forgot-password': 400,
  'POST /api/v1/auth/reset-password': 400,
  'POST /api/v1/auth/verify-email': 400,
  'POST /api/v1/auth/reclaim-address': 400,
  'POST /api/v1/auth/resend-verification': 400,
  'GET /api/v1/api-keys': 401,
  'POST /api/v1/api-keys': 401,
  'DELETE /api/v1/api-keys/{keyId}': 401,
  'POST /v1/collab/drafts': 401,
  'GET /v1/collab/drafts': 401,
  'GET /v1/collab/drafts/{draftId}': 401,
  'POST /v1/collab/drafts/{draftId}/segments': 401,
  'POST /v1/collab/drafts/{draftId}/pass-ring': 401,
  'POST /v1/collab/drafts/{draftId}/take-ring': 401,
  'POST /v1/collab/drafts/{draftId}/collaborators': 401,
  'DELETE /v1/collab/drafts/{draftId}/collaborators/{userId}': 401,
}

const app = await buildTestApp()
const browser = app.browser()
const api = openApiOf(appRouter)
const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    address: `${method.toUpperCase()} ${path}`,
    path,
    operation,
  })),
)
const operationAt = (address: string) => operations.find((one) => one.address === address)?.operation as Operation
const isProcedure = ({ operationId }: Operation) => restRoutesOf(appRouter).some(({ name }) => name === operationId)
const jsonOf = ({ content }: { content?: Content | undefined }) =>
  content?.['application/json'] as Content['application/json']

describe('every list below /api', () => {
  const isList = ({ properties = {} }: JsonSchema) => 'items' in properties
  /** The best of each kind, without a next page. */
  const withoutPages = ['search', 'profiles.search']
  const lists = restRoutesOf(appRouter).filter(
    ({ name, rest, output }) =>
      rest.path.startsWith('/api/') &&
      !withoutPages.includes(name) &&
      output instanceof z.ZodType &&
      isList(z.toJSONSchema(output, { io: 'output', unrepresentable: 'any' }) as JsonSchema),
  )

  it.each(lists.map(({ name, rest }) => [name, rest.path]))(
    'is its items, with the pagination in meta: %s',
    (_, path) => {
      const { schema } = jsonOf(operationAt(`GET ${path}`).responses[200] ?? expect.unreachable())
      const { data, meta } = schema.properties as Record<string, JsonSchema>
      expect([data?.type, Object.keys(meta?.properties ?? {})]).toEqual([
        'array',
        ['timestamp', 'version', 'pagination'],
      ])
    },
  )
})

describe('every REST path', () => {
  it('that was promised is described', () => {
    expect(operations.map(({ address }) => address)).toEqual(expect.arrayContaining(Object.keys(promised)))
  })

  it.each(Object.entries(promised))('%s answers as described', async (address, status) => {
    const [method, path] = address.split(' ') as ['GET' | 'POST' | 'DELETE', string]
    const url = path.replace(/\{.*?\}/, '0199f3a2-7c1e-7b52-9d3f-2a1c5e8b4d60')
    const answer = await browser.send({ method, url, ...(method === 'POST' && { payload: {} }) })
    expect(answer.statusCode, answer.body).toBe(status)
    const described = operationAt(address).responses[status] as Operation['responses'][string]
    const content = jsonOf(described)
    if (content) expect(faultsOf(api, content.schema, answer.json())).toEqual([])
    else expect(answer.body).toBe('')
    for (const name of Object.keys(described.headers ?? {})) expect(answer.headers).toHaveProperty(name.toLowerCase())
  })
})

describe('the document', () => {
  it('is the one that is checked in: `npm run openapi` writes it anew', () => {
    const file = new URL('../../../docs/openapi.json', import.meta.url)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(api)))
  })

  it('is sent to anybody, and again only when it has changed', async () => {
    const answer = await browser.get('/api/openapi.json')
    expect([answer.statusCode, answer.json()]).toEqual([200, JSON.parse(JSON.stringify(api))])
    const etag = String(answer.headers.etag)
    for (const known of [etag, `"other", W/${etag}`, '*']) {
      const again = await browser.get('/api/openapi.json', { 'if-none-match': known })
      expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', etag])
    }
    expect((await browser.get('/api/openapi.json', { 'if-none-match': '"other"' })).statusCode).toBe(200)
  })

  it('names each operation once, and nothing that is not there', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const text = JSON.stringify(api)
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(.*?)"/g)) {
      expect(Object.keys(api.components.schemas)).toContain(name)
    }
    expect(text.match(/"\$ref":"(?!#\/components\/schemas\/)/)).toBe(null)
    const schemes = operations.flatMap(({ operation }) => operation.security.flatMap((one) => Object.keys(one)))
    expect(Object.keys(api.components.securitySchemes)).toEqual(expect.arrayContaining(schemes))
  })

  it.each(operations)('of $address declares its path, its failures and its form', ({ path, operation }) => {
    const named = operation.parameters.filter((one) => one.in === 'path')
    expect(named.map(({ name }) => name)).toEqual(pathParameters(path))
    expect(named.every(({ required }) => required)).toBe(true)
    const statuses = Object.keys(operation.responses)
    expect(operation.summary.length).toBeLessThan(80)
    if (!isProcedure(operation)) return
    for (const status of ['429', '500', '503']) expect(statuses).toContain(status)
    expect(statuses.some((status) => /^2/.test(status))).toBe(true)
    if (operation.requestBody || named.length > 0) expect(statuses).toContain('400')
    if (operation.security.length > 0) expect(statuses).toContain('401')
    if (named.length > 0) expect(statuses).toContain('404')
  })

  it.each(operations)('of $address has examples that are true', ({ address, operation }) => {
    const route = restRoutesOf(appRouter).find(({ name }) => name === operation.operationId) as RestRoute
    for (const content of [operation.requestBody ?? {}, ...Object.values(operation.responses)].map(jsonOf)) {
      if (content) expect(faultsOf(api, content.schema, content.example)).toEqual([])
    }
    if (!isProcedure(operation)) return
    // By the schemas that decide, too.
    const sent = operation.requestBody ? jsonOf(operation.requestBody).example : {}
    const named = Object.fromEntries(
      pathParameters(address).map((name) => [name, '0199f3a2-7c1e-7b52-9d3f-2a1c5e8b4d60']),
    )
    const queried = Object.fromEntries(
      operation.parameters
        .filter((one) => one.in === 'query' && one.required)
        .map(({ name, schema }) => [name, schema.examples?.[0]]),
    )
    for (const input of route.inputs) input.parse({ ...(sent as object), ...named, ...queried })
    const success = Object.entries(operation.responses).find(([status]) => status.startsWith('2'))?.[1]
    const example = success?.content && (jsonOf(success).example as { data?: unknown })
    if (!example) return
    const told = address.includes(' /api/') ? example.data : example
    const output = route.output as z.ZodObject
    // Of a list its items.
    ;(Array.isArray(told) ? (output.shape.items as z.ZodType) : output).parse(told)
  })

  it('cannot be made of a procedure that does not say what it answers, nor of two schemas of one name', () => {
    const rest = { method: 'GET', path: '/api/v1/x' } as const
    const silent = router({ x: publicProcedure.meta({ rest }).query(() => 1) })
    expect(() => openApiOf(silent)).toThrow(/x: say what it answers/)
    const named = (schema: z.ZodType) => schema.meta({ id: 'Twice' })
    const twice = router({
      x: publicProcedure
        .meta({ rest })
        .output(named(z.string()))
        .query(() => 'x'),
      y: publicProcedure
        .meta({ rest: { method: 'GET', path: '/api/v1/y' } })
        .output(named(z.int()))
        .query(() => 1),
    })
    expect(() => openApiOf(twice)).toThrow(/Two schemas are named Twice/)
  })

  it('tells of what goes away', () => {
    const deprecated = { since: '2026-11-01', sunset: '2027-06-30' }
    const procedure = (path: `/${string}`, more = {}) =>
      publicProcedure
        .meta({ rest: { method: 'GET', path, ...more } })
        .output(z.string())
        .query(() => 'x')
    const { paths } = openApiOf(router({ x: procedure('/v1/x', { deprecated }), y: procedure('/v2/x') }))
    expect(paths['/v1/x']?.get).toMatchObject({ deprecated: true, description: expect.stringContaining('2027-06-30') })
    expect(paths['/v2/x']?.get).not.toHaveProperty('deprecated')
  })

  it('tells of a numbered page and of what comes in the address', () => {
    const Page = z.object({ items: z.array(z.string()), pagination: z.object({ page: z.int() }) })
    const list = router({
      list: publicProcedure
        .meta({ rest: { method: 'GET', path: '/api/v1/of/{kind}' } })
        .input(z.object({ kind: z.string(), page: z.int().default(1), word: z.string() }))
        .output(Page)
        .query(() => ({ items: [], pagination: { page: 1 } })),
    })
    const described = openApiOf(list).paths['/api/v1/of/{kind}']?.get as Operation
    expect(described.parameters).toMatchObject([
      { name: 'kind', in: 'path', required: true },
      { name: 'page', in: 'query', required: false, schema: { default: 1 } },
      { name: 'word', in: 'query', required: true },
      { name: 'If-None-Match', in: 'header', required: false },
    ])
    expect(jsonOf(described.responses[200] as Operation['responses'][string]).schema).toMatchObject({
      properties: { data: { type: 'array' }, meta: { properties: { pagination: { type: 'object' } } } },
    })
  })
})

describe('the page to try requests on', () => {
  it('runs under our policy: nothing in it is inline, and its script stands alone', async () => {
    const page = await browser.get('/api/docs')
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.headers['content-security-policy']).toContain("script-src 'self'")
    expect(page.body).not.toMatch(/<script(?![^>]* src="\/)|\son[a-z]+=|style=|javascript:/)
    for (const [, url] of page.body.matchAll(/(?:src|href)="(.*?)"/g)) {
      expect((await browser.get(url as string)).statusCode, url).toBe(200)
    }
    const withSlash = await browser.get('/api/docs/')
    expect([withSlash.statusCode, withSlash.headers.location]).toEqual([308, '/api/docs'])
    const script = await browser.get('/api/docs/page.js')
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect(() => new Script(script.body)).not.toThrow()
    expect(script.body).not.toMatch(/innerHTML|localStorage|sessionStorage|import\b|__vi/)
  })
})
