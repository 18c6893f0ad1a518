/**
 * The document, taken at its word: requests that are made of its schemas, right and wrong ones, are answered with what it describes.
 * Nobody who writes a client has anything else.
 */
import { describe, expect, it } from 'vitest'
import { appRouter } from '../../router.ts'
import { buildTestApp } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { prepareCall } from '../../test/calls.ts'
import { Random } from '../../test/chaos/random.ts'
import { signedIn } from '../../test/followers.ts'
import { faultsOf, madeOf, misfitOf } from '../../test/json-schema.ts'
import { type Answer, type Operation, openApiOf } from './openapi.ts'
import { restRoutesOf } from './rest-route.ts'
import type { JsonSchema } from './schema-book.ts'

/** The same requests each time; others by `OPENAPI_SEED=7`. */
const seed = Number(process.env.OPENAPI_SEED ?? 1)
const each = 40

const app = await buildTestApp()
const api = openApiOf(appRouter)
const procedures = new Map(restRoutesOf(appRouter).map(({ name, type }) => [name, type]))
const operations = Object.entries(api.paths)
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      address: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase() as 'GET' | 'POST',
      path,
      operation,
    })),
  )
  .filter(({ operation }) => procedures.has(operation.operationId))

interface Request {
  method: 'GET' | 'POST'
  path: string
  named: Record<'path' | 'query' | 'header', Record<string, unknown>>
  body: unknown
  /** All of it is what the document says. */
  isRight: boolean
}

const bodySchemaOf = ({ requestBody }: Operation) => requestBody?.content['application/json'].schema

/** As the document has it; where `known` has a value, now and then that one, for others name nothing that is there. */
function rightRequest(
  { method, path, operation }: (typeof operations)[number],
  known: Record<string, unknown>,
  random: Random,
): Request {
  const named: Request['named'] = { path: {}, query: {}, header: {} }
  for (const { name, in: place, required, schema } of operation.parameters) {
    if (!required && random.chance(0.5)) continue
    named[place][name] = name in known && random.chance(0.9) ? known[name] : madeOf(api, schema, random)
  }
  const schema = bodySchemaOf(operation)
  let body: unknown
  if (schema) {
    const own = Object.entries(known).filter(([name]) => name in (schema.properties ?? {}))
    const usual = own.filter(() => random.chance(0.5))
    // The path of the whole input is allowed too: JSON Schema does not express which fields exclude each other.
    body = random.chance(0.2)
      ? Object.fromEntries(own)
      : { ...(madeOf(api, schema, random) as object), ...Object.fromEntries(usual) }
  }
  return { method, path, named, body, isRight: true }
}

/** In an address everything is text: what reads as a number there is one. */
const isTextual = (schema: JsonSchema) => (value: unknown) =>
  typeof value === 'string'
    ? value.trim() !== '' && value.length < 100 && (schema.type === 'string' || Number.isNaN(Number(value)))
    : typeof value === 'number' && schema.type !== 'string'

const inHeader = (value: unknown) =>
  typeof value === 'string' && /^[\x20-\xff]{0,300}$/.test(value) && value.trim() === value

/** One thing about it is not as the document has it; the same request where nothing about it can be wrong. */
function wrongRequest(right: Request, { parameters, ...operation }: Operation, random: Random): Request {
  const schema = bodySchemaOf({ parameters, ...operation })
  const wrongs: (() => Partial<Request> | null)[] = parameters.map(({ name, in: place, schema }) => () => {
    const value = misfitOf(api, schema, random, place === 'header' ? inHeader : isTextual(schema))
    return value === undefined ? null : { named: { ...right.named, [place]: { ...right.named[place], [name]: value } } }
  })
  for (const [name, inner] of Object.entries(schema?.properties ?? {})) {
    wrongs.push(() => {
      const value = misfitOf(api, inner, random)
      return value === undefined ? null : { body: { ...(right.body as object), [name]: value } }
    })
  }
  for (const name of schema?.required ?? []) {
    wrongs.push(() => ({ body: { ...(right.body as object), [name]: undefined } }))
  }
  if (schema) wrongs.push(() => ({ body: random.pick([[], null, 5, 'text', [{}]]) }))
  for (const wrong of random.shuffled(wrongs)) {
    const found = wrong()
    if (found) return { ...right, ...found, isRight: false }
  }
  return right
}

function send(browser: TestBrowser, { method, path, named, body }: Request) {
  const url = path.replaceAll(/\{(.*?)\}/g, (_, name) => encodeURIComponent(String(named.path[name])))
  const query = new URLSearchParams(Object.entries(named.query).map(([name, value]) => [name, String(value)]))
  const headers = Object.fromEntries(Object.entries(named.header).map(([name, value]) => [name, String(value)]))
  return browser.send({
    method,
    url: query.size > 0 ? `${url}?${query}` : url,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { payload: JSON.stringify(body) }),
  })
}

describe(`requests made of the document (seed ${seed})`, () => {
  it.each(operations)('$address are answered as it says', async (described) => {
    const { operation } = described
    const random = new Random(seed)
    const seen = new Set<number>()
    let me = await signedIn(app)
    let input: Record<string, unknown> = {}
    for (let n = 0; n < each; n++) {
      // What a mutation has closed, spent or signed out is not for long.
      if (n === 0 || (n % 5 === 0 && procedures.get(operation.operationId) === 'mutation')) {
        me = await signedIn(app)
        input = (await prepareCall(app, operation.operationId, me)).input ?? {}
      }
      const right = rightRequest(described, input, random)
      const request = n % 2 ? wrongRequest(right, operation, random) : right
      const answer = await send(me.browser, request)
      const said = `${JSON.stringify(request).slice(0, 1000)}\n${answer.statusCode} ${answer.body.slice(0, 1000)}`
      seen.add(answer.statusCode)
      expect(answer.statusCode, said).toBeLessThan(500)
      const expected = operation.responses[answer.statusCode]
      expect(Object.keys(operation.responses), said).toContain(String(answer.statusCode))
      const schema = (expected as Answer).content?.['application/json'].schema
      if (schema) expect(faultsOf(api, schema, answer.json()), said).toEqual([])
      else expect(answer.body, said).toBe('')
      if (!request.isRight)
        expect([answer.statusCode, answer.json().error?.code], said).toEqual([400, 'VALIDATION_ERROR'])
    }
    expect([...seen].some((status) => status < 400)).toBe(true)
  })
})
