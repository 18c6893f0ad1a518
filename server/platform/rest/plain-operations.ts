/**
 * The paths that answer and are no procedures, for the document: a browser walks through them, a balancer asks them, or they speak
 * another protocol after the first answer. Described by hand; openapi.test.ts asks each of them.
 */
import type { AnyRouter } from '@trpc/server'
import { type ErrorCode, errorTable } from '../../../shared/errors.ts'
import type { SocketMeta } from '../sockets/plain-socket-routes.ts'
import type { Answer, OpenApiDocument, Operation, Parameter } from './openapi.ts'
import { pathParameters } from './rest-route.ts'
import { type JsonSchema, referTo } from './schema-book.ts'

type Paths = OpenApiDocument['paths']

const operation = (
  operationId: string,
  tag: string,
  summary: string,
  responses: Record<string, Answer>,
  more: Partial<Operation> = {},
): Operation => ({ operationId, summary, tags: [tag], security: [], parameters: [], responses, ...more })

const inQuery = (name: string, description: string): Parameter => ({
  name,
  in: 'query',
  required: false,
  description,
  schema: { type: 'string' },
})

function answer(description: string, properties: Record<string, JsonSchema>, example: object): Answer {
  const schema = { type: 'object', properties, required: Object.keys(example) }
  return { description, content: { 'application/json': { schema, example } } }
}

const word = (...words: string[]): JsonSchema => ({ type: 'string', enum: words })
const location = { Location: { description: 'Where to go on', schema: { type: 'string' } } }
const sentOn = {
  302: { description: 'Sent on; where that failed, to the sign-in page with a code in `error`.', headers: location },
}

const failure = (code: ErrorCode, description: string): Answer => ({
  description: `\`${code}\`: ${description}`,
  content: {
    'application/json': {
      schema: referTo('BareFailure'),
      example: { error: { code, message: errorTable[code].message }, requestId: 'text' },
    },
  },
})

const notYet: Answer = {
  ...failure('DATABASE_UNAVAILABLE', errorTable.DATABASE_UNAVAILABLE.message),
  headers: { 'Retry-After': { description: 'Seconds after which to try again', schema: { type: 'integer' } } },
}

const fixed: Paths = {
  '/auth/google': {
    get: operation(
      'signIn.start',
      'sign-in',
      'Begin to sign in through the provider',
      { ...sentOn, 503: notYet },
      {
        parameters: [inQuery('returnTo', 'A path of this site to come back to')],
      },
    ),
  },
  '/auth/google/callback': {
    get: operation(
      'signIn.finish',
      'sign-in',
      'Where the provider sends a browser back to',
      { ...sentOn, 503: notYet },
      {
        parameters: [inQuery('code', 'The provider’s'), inQuery('state', 'That the sign-in began with')],
      },
    ),
  },
  '/auth/logout': {
    post: operation('signIn.end', 'sign-in', 'End each session that the request shows a token of', {
      204: { description: 'Done.' },
      503: notYet,
    }),
  },
  '/health': {
    get: operation('health.whole', 'health', 'Whether all that is needed is there', {
      200: answer(
        'It is.',
        {
          status: word('healthy'),
          database: word('connected'),
          redis: word('connected', 'disconnected'),
          uptimeS: { type: 'integer' },
        },
        { status: 'healthy', database: 'connected', uptimeS: 1 },
      ),
      503: answer(
        'The database is away; the server goes on.',
        { status: word('unhealthy'), database: word('disconnected') },
        { status: 'unhealthy', database: 'disconnected' },
      ),
    }),
  },
  '/livez': {
    get: operation('health.alive', 'health', 'Whether the process answers', {
      200: answer('It does.', { status: word('alive') }, { status: 'alive' }),
    }),
  },
  '/readyz': {
    get: operation('health.ready', 'health', 'Whether traffic may come here', {
      200: answer('It may.', { status: word('ready') }, { status: 'ready' }),
      503: answer('Not yet, or no more.', { status: word('starting', 'draining') }, { status: 'starting' }),
    }),
  },
}

/** With the sockets of plain JSON, whose procedures name them. */
export function plainOperations(router: AnyRouter): Paths {
  const procedures = Object.entries(
    router._def.procedures as Record<string, { _def: { meta?: { socket?: SocketMeta } } }>,
  )
  const sockets = procedures.flatMap(([name, { _def }]) => {
    const { path, events } = _def.meta?.socket ?? {}
    return path && events ? [[path, { get: socketOf(name, path, Object.values(events)) }] as const] : []
  })
  return { ...fixed, ...Object.fromEntries(sockets) }
}

const socketOf = (name: string, path: string, events: string[]): Operation =>
  operation(
    `socket.${name}`,
    'live',
    'Follow over a WebSocket of plain JSON (docs/realtime.md)',
    {
      101: { description: `A socket, with frames of the types ${['ready', ...events, 'resync', 'error'].join(', ')}.` },
      404: failure('NOT_FOUND', 'Asked for as anything but a WebSocket.'),
      503: notYet,
    },
    {
      parameters: [
        ...pathParameters(path).map((field) => ({
          name: field,
          in: 'path' as const,
          required: true,
          schema: { type: 'string', format: 'uuid' },
        })),
        inQuery('after', 'A `seq` or a `cursor` to go on from'),
      ],
    },
  )
