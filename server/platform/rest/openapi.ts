/**
 * The OpenAPI 3.1 document of the REST door. It is made of what the routes are made of, the procedures' own schemas and notes, so
 * that it cannot tell of anything else; and of the few paths that are no procedures (plain-operations.ts).
 */
import type { AnyRouter } from '@trpc/server'
import { z } from 'zod'
import { ErrorBody, type ErrorCode, errorTable } from '../../../shared/errors.ts'
import { isEnvelopedPath } from '../errors/plugin.ts'
import { IdempotencyKey } from '../idempotency/idempotency-key.ts'
import { plainOperations } from './plain-operations.ts'
import { pathParameters, type RestRoute, restRoutesOf } from './rest-route.ts'
import { type JsonSchema, referTo, SchemaBook, writeSchema } from './schema-book.ts'

/** Of the contract, not of the program: raised with each change that could break a client (docs/api.md). */
const contractVersion = '4.2.0'

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  description?: string
  schema: JsonSchema
}

export interface Content {
  'application/json': { schema: JsonSchema; example: unknown }
}

export interface Answer {
  description: string
  headers?: Record<string, { description: string; schema: JsonSchema }>
  content?: Content
}

export interface Operation {
  operationId: string
  summary: string
  description?: string
  deprecated?: true
  tags: string[]
  security: Record<string, never[]>[]
  parameters: Parameter[]
  requestBody?: { required: boolean; content: Content }
  responses: Record<string, Answer>
}

export interface OpenApiDocument {
  openapi: '3.1.0'
  info: { title: string; version: string; description: string }
  servers: { url: string }[]
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, JsonSchema>; securitySchemes: Record<string, object> }
}

/** Those procedures whose output is not declared stop it: nobody could say what they answer. */
export function openApiOf(router: AnyRouter): OpenApiDocument {
  const book = new SchemaBook()
  addForms(book)
  const routes = restRoutesOf(router)
  const paths: OpenApiDocument['paths'] = {}
  for (const route of routes) {
    const path = paths[route.rest.path] ?? {}
    paths[route.rest.path] = path
    path[route.rest.method.toLowerCase()] = operationOf(route, book)
  }
  Object.assign(paths, plainOperations(router))
  const tags = Object.values(paths).flatMap((methods) => Object.values(methods).flatMap(({ tags }) => tags))
  return {
    openapi: '3.1.0',
    info: { title: 'Plinth', version: contractVersion, description },
    servers: [{ url: '/' }],
    tags: [...new Set(tags)].map((name) => ({ name })),
    paths,
    components: { schemas: book.named, securitySchemes },
  }
}

const tagOf = ({ name }: RestRoute) => name.split('.')[0] as string

function operationOf(route: RestRoute, book: SchemaBook): Operation {
  const { name, rest } = route
  const input = inputOf(route, book)
  const inPath = new Set(pathParameters(rest.path))
  const hasBody = !['GET', 'DELETE'].includes(rest.method)
  const fields = Object.entries(input.properties)
  const others = fields.filter(([field]) => !inPath.has(field))
  const parameter = ([field, schema]: [string, JsonSchema]): Parameter => {
    const isPart = inPath.has(field)
    return { name: field, in: isPart ? 'path' : 'query', required: isPart || input.required.has(field), schema }
  }
  const addressed = hasBody ? fields.filter(([field]) => inPath.has(field)) : fields
  const sent = hasBody && others.length > 0 ? bodyOf(others, input.required) : undefined
  return {
    operationId: name,
    summary: rest.summary,
    ...(route.isPublicRead && { description: 'Needs no sign-in, unless an operator has set `PUBLIC_READS` to false.' }),
    ...(rest.deprecated && { deprecated: true, description: `May be gone from ${rest.deprecated.sunset} on.` }),
    tags: [tagOf(route)],
    security: securityOf(route),
    parameters: [
      ...addressed.map(parameter),
      ...(takesKey(route) ? [idempotencyKey] : []),
      ...(route.type === 'query' ? [ifNoneMatch] : []),
    ],
    ...(sent && {
      requestBody: {
        required: (sent.required as string[]).length > 0,
        content: { 'application/json': { schema: sent, example: book.exampleOf(sent, 'input') } },
      },
    }),
    responses: { ...successOf(route, book), ...failuresOf(route, book, { sends: hasBody, named: inPath.size > 0 }) },
  }
}

/** An input is what all of its schemas ask for. */
function inputOf({ inputs }: RestRoute, book: SchemaBook) {
  const written = inputs.map((input) => book.resolve(book.write(input, 'input')))
  return {
    properties: Object.assign({}, ...written.map(({ properties }) => properties)) as Record<string, JsonSchema>,
    required: new Set(written.flatMap(({ required = [] }) => required)),
  }
}

function bodyOf(fields: [string, JsonSchema][], required: Set<string>): JsonSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(fields),
    required: fields.map(([field]) => field).filter((field) => required.has(field)),
  }
}

function successOf({ name, type, rest, output }: RestRoute, book: SchemaBook): Record<string, Answer> {
  if (!(output instanceof z.ZodType)) throw new Error(`${name}: say what it answers, .output(z.void()) if nothing`)
  if (output instanceof z.ZodVoid) return { 204: { description: 'Done.' } }
  const data = book.write(output, 'output')
  const schema = isEnvelopedPath(rest.path) ? enveloped(book.resolve(data), data) : data
  const content = { 'application/json': { schema, example: book.exampleOf(schema, 'output') } }
  const success = { description: rest.status === 201 ? 'Made.' : 'Done.', content }
  if (type === 'mutation') return { [rest.status]: success }
  const headers = { ETag: etag }
  return {
    [rest.status]: { ...success, headers },
    304: { description: 'The same as what you have, by one of the tags that you sent.', headers },
  }
}

/** As `envelope` does it. */
function enveloped({ properties = {} }: JsonSchema, data: JsonSchema): JsonSchema {
  const { items, pagination, message } = properties
  const isPage = items !== undefined && pagination !== undefined
  const isWords = message !== undefined && Object.keys(properties).length === 1
  const meta = { timestamp: { type: 'string', format: 'date-time' }, version: { type: 'string', examples: ['v1'] } }
  return objectOf({
    success: { const: true },
    data: isPage ? items : data,
    ...(isWords && { message }),
    meta: objectOf({ ...meta, ...(isPage && { pagination }) }),
  })
}

const objectOf = (properties: Record<string, JsonSchema>): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
})

/** The two forms of a failure. */
function addForms(book: SchemaBook): void {
  const error = book.add('Error', book.write(ErrorBody, 'output'))
  const requestId: JsonSchema = { type: 'string', description: 'Names this request in a report to the operator' }
  const timestamp: JsonSchema = { type: 'string', format: 'date-time' }
  book.add('Failure', objectOf({ success: { const: false }, error, meta: objectOf({ timestamp, requestId }) }))
  book.add('BareFailure', objectOf({ error, requestId }))
}

function failuresOf(route: RestRoute, book: SchemaBook, { sends, named }: { sends: boolean; named: boolean }) {
  const codes = new Set<ErrorCode>([
    ...(route.fields || takesKey(route) ? (['VALIDATION_ERROR'] as const) : []),
    ...credentialFaults(route),
    ...(route.type === 'mutation' ? (['ORIGIN_NOT_ALLOWED'] as const) : []),
    ...(named ? (['NOT_FOUND'] as const) : []),
    ...route.rest.errors,
    ...(takesKey(route) ? (['CONFLICT', 'IDEMPOTENCY_MISMATCH'] as const) : []),
    ...(sends ? (['PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const) : []),
    ...(['RATE_LIMITED', 'INTERNAL_ERROR', 'DATABASE_UNAVAILABLE', 'SERVER_BUSY'] as const),
  ])
  const schema = referTo(isEnvelopedPath(route.rest.path) ? 'Failure' : 'BareFailure')
  const answers: Record<string, Answer> = {}
  for (const [status, ofStatus] of Map.groupBy(codes, (code) => errorTable[code].status)) {
    answers[status] = {
      description: ofStatus.map((code) => `\`${code}\`: ${errorTable[code].message}`).join('\n\n'),
      ...((status === 429 || status === 503) && { headers: { 'Retry-After': retryAfter } }),
      content: { 'application/json': { schema, example: exampleFailure(book, schema, ofStatus[0] as ErrorCode) } },
    }
  }
  return answers
}

/** For a token of another issuer with the address of an existing account. */
const notAdded = 'SIGN_IN_METHOD_NOT_ADDED'

function credentialFaults({ access, refusesKeys }: RestRoute): ErrorCode[] {
  if (access === 'credential') return []
  // A credential decides also where none is needed.
  if (access === 'anybody') return ['INVALID_CREDENTIAL', 'API_KEY_INVALID', notAdded]
  const faults: ErrorCode[] = [
    'UNAUTHENTICATED',
    'ACCESS_TOKEN_MISSING',
    'INVALID_CREDENTIAL',
    'API_KEY_INVALID',
    'SESSION_ENDED',
  ]
  if (access === 'user-or-key') return [...faults, notAdded]
  if (access === 'signed-in') return [...faults, 'API_KEY_REFUSED', notAdded]
  return [...faults, 'FORBIDDEN', refusesKeys ? 'API_KEY_REFUSED' : 'SCOPE_MISSING', notAdded]
}

function exampleFailure(book: SchemaBook, schema: JsonSchema, code: ErrorCode): object {
  const { error, ...rest } = book.exampleOf(schema, 'output') as { error: ErrorBody }
  const { details } = error
  return {
    ...rest,
    error: { code, message: errorTable[code].message, ...(code === 'VALIDATION_ERROR' && { details }) },
  }
}

const isOpen = ({ access }: RestRoute) => access === 'anybody' || access === 'credential'
/** Keys are each person's own, and of secrets no answer is kept. */
const takesKey = (route: RestRoute) => route.type === 'mutation' && !route.isSecret && !isOpen(route)

const idempotencyKey: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'The same call again with the same key, within 24 hours, takes effect once and is answered as the first was',
  schema: writeSchema(IdempotencyKey, 'input'),
}

const ifNoneMatch: Parameter = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description:
    'The `ETag` of an earlier answer: where nothing has changed since, 304 comes in the place of the same again',
  schema: { type: 'string' },
}

const etag = { description: 'Identifies the content of this response', schema: { type: 'string' } }

const retryAfter = { description: 'Seconds after which to try again', schema: { type: 'integer' } }

const signedIn: Operation['security'] = [{ bearer: [] }, { cookie: [] }, { legacyId: [], legacySecret: [] }]
const byApiKey = { apiKey: [] }

function securityOf(route: RestRoute): Operation['security'] {
  if (isOpen(route)) return []
  // As the specification has it of what may be left out.
  const nothing = route.isPublicRead ? [{}] : []
  return route.refusesKeys ? signedIn : [...nothing, ...signedIn, byApiKey]
}

const securitySchemes = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'An access token, such as `auth.login` gives. What is presented decides: a bad one is refused, whatever else comes.',
  },
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'plinth_key_…',
    description:
      'An API key of the account page, as `Authorization: Bearer plinth_key_…`. It acts as the person who made it and may do what its scopes name.',
  },
  cookie: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-plinth_session',
    description: 'Of a browser that has signed in; over plain http on this machine its name is `plinth_session`.',
  },
  legacyId: {
    type: 'apiKey',
    in: 'header',
    name: 'X-User-Id',
    description:
      'Deprecated, and only where an operator has switched it on. Answers to it carry `Deprecation` and `Sunset`.',
  },
  legacySecret: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Legacy-Secret',
    description: 'Vouches for `X-User-Id`. Deprecated with it.',
  },
}

const description = [
  'The same procedures as over tRPC, with the same rules.',
  `Below \`/api\` an answer is in an envelope: \`success\`, then \`data\` or \`error\`, and \`meta\`; elsewhere it is bare. A failure
names its \`code\`, which is the contract, and says what to do in \`message\`, which may change. Answers may get further fields, and
lists of words further words: ignore what you do not know.`,
  `\`RateLimit-Limit\`, \`RateLimit-Remaining\` and \`RateLimit-Reset\` say what is left of the caller's budget, \`X-Request-Id\` names
the request. Instants are ISO 8601 in UTC, ids are opaque.`,
]
  .map((paragraph) => paragraph.replaceAll('\n', ' '))
  .join('\n\n')
