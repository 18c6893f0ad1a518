/** What comes to the MCP door and is no message, or a bad one: refused in the form of JSON-RPC, and never for a fault of ours. */
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { openProgram } from '../../test/programs.ts'

const app = await buildTestApp({ environment: { MCP: 'on' } })
const { bearer } = await openProgram(app)

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'hostile', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}
type Headers = Record<string, string>

const send = (payload: string, headers: Headers = {}) =>
  app.root.inject({ method: 'POST', url: '/mcp', headers: { ...json, ...bearer, ...headers }, payload })

const message = (method: unknown, params?: unknown, id: unknown = 1) => ({ jsonrpc: '2.0', id, method, params })
const toolCall = (params: Record<string, unknown>, id?: unknown) => message('tools/call', params, id)

/** The same as a client of today sends it: what it asks is in headers too. */
function asToday(one: unknown): [string, Headers] {
  const { method, params } = (one ?? {}) as { method?: unknown; params?: { name?: unknown; _meta?: object } }
  const isFields = typeof params === 'object' && params !== null && !Array.isArray(params)
  const fields = params === undefined || isFields ? { ...params, _meta: { ...meta, ...params?._meta } } : params
  const isMessage = typeof one === 'object' && one !== null && !Array.isArray(one)
  const headers: Headers = { 'mcp-protocol-version': '2026-07-28' }
  if (typeof method === 'string' && /^[\x20-\x7e]+$/.test(method)) headers['mcp-method'] = method
  if (typeof params?.name === 'string' && /^[\x20-\x7e]+$/.test(params.name)) headers['mcp-name'] = params.name
  return [JSON.stringify(isMessage ? { ...one, params: fields } : one), headers]
}

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
const long = 'x'.repeat(100_000)
const prototypes = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'then']

const messages: [string, unknown][] = [
  ['null', null],
  ['a number', 5],
  ['a text', 'tools/list'],
  ['an empty object', {}],
  ['another version of JSON-RPC', { ...message('tools/list'), jsonrpc: '1.0' }],
  ['no method', { jsonrpc: '2.0', id: 1 }],
  ['a method that is a number', message(5)],
  ['a method that is an object', message({ toString: 'x' })],
  ['a method of 100 kB', message(long)],
  ['an unknown method', message('tools/destroy')],
  ['a method of clients', message('sampling/createMessage', { messages: [], maxTokens: 1 })],
  ['a stream of changes', message('subscriptions/listen', { notifications: { toolsListChanged: true } })],
  ['a stream of changes with a wrong filter', message('subscriptions/listen', 5)],
  ['resources, which there are none of', message('resources/list')],
  ['a log level', message('logging/setLevel', { level: 'debug' })],
  ['a task', message('tasks/get', { taskId: 'x' })],
  ...[null, {}, [], true, 1.5, -1, 2 ** 53, '', long].map((id): [string, unknown] => [
    `an id that is ${String(JSON.stringify(id)).slice(0, 20)}`,
    message('tools/list', {}, id),
  ]),
  ...[null, [], 5, 'x', true].map((params): [string, unknown] => [
    `params that are ${JSON.stringify(params)}`,
    message('tools/list', params),
  ]),
  ['a cursor that is an object', message('tools/list', { cursor: {} })],
  ['a handshake with nothing', message('initialize')],
  ['a handshake with rubbish', message('initialize', { protocolVersion: 5, capabilities: [], clientInfo: 'x' })],
  [
    'a handshake of an unknown version',
    message('initialize', { protocolVersion: '2099-01-01', capabilities: {}, clientInfo: { name: 'x', version: '1' } }),
  ],
  ['a cancellation of nothing', { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: {} } }],
  ['an unknown notification', { jsonrpc: '2.0', method: 'notifications/x', params: { a: 1 } }],
  ['an answer to nothing', { jsonrpc: '2.0', id: 1, result: {} }],
  ['an error to nothing', { jsonrpc: '2.0', id: 1, error: { code: 1, message: 'x' } }],
  ['an answer that is a request', { ...message('tools/list'), result: {}, error: {} }],
  ['a call of nothing', toolCall({})],
  ...[
    5,
    null,
    {},
    [],
    '',
    'drafts.create',
    'DRAFTS_CREATE',
    'drafts_create\u0000',
    'auth_login',
    'drafts_onEvent',
    long,
    ...prototypes,
  ].map((name): [string, unknown] => [
    `a call of ${String(JSON.stringify(name)).slice(0, 30)}`,
    toolCall({ name, arguments: {} }),
  ]),
  ...[5, null, [], 'x', true].map((given): [string, unknown] => [
    `arguments that are ${JSON.stringify(given)}`,
    toolCall({ name: 'drafts_create', arguments: given }),
  ]),
  ...[null, 5, [], {}, 'x\u0000', '\ud800', long, deep(50)].map((title): [string, unknown] => [
    `a title that is ${String(JSON.stringify(title)).slice(0, 20)}`,
    toolCall({ name: 'drafts_create', arguments: { title } }),
  ]),
  [
    '10,000 arguments',
    toolCall({ name: 'account_me', arguments: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [n, n])) }),
  ],
  ...[null, 5, [], 'x'].map((key): [string, unknown] => [
    `a key that is ${JSON.stringify(key)}`,
    toolCall({ name: 'drafts_create', arguments: { title: 'x', idempotencyKey: key } }),
  ]),
  ...[null, 5, [], 'x', { progressToken: {} }, { progressToken: 'x' }].map((_meta): [string, unknown] => [
    `a _meta that is ${JSON.stringify(_meta)}`,
    toolCall({ name: 'account_me', _meta }),
  ]),
  ['a task of a call', toolCall({ name: 'account_me', task: { ttl: 1e9 } })],
  ['answers to no questions', toolCall({ name: 'account_me', inputResponses: { a: 5 }, requestState: {} })],
  ['a state that was never given', toolCall({ name: 'account_me', requestState: 'forged' })],
]

/** Whatever it was: answered, in JSON or not at all, with nothing of our insides. */
function expectCalm({ statusCode, headers, body }: Awaited<ReturnType<typeof send>>) {
  expect([200, 202, 400, 404, 406, 413, 415], body).toContain(statusCode)
  expect(body).not.toMatch(/node_modules|\.ts:|at Object|select |insert |INTERNAL_ERROR|Internal (server )?error/)
  if (body === '') return
  expect(headers['content-type']).toMatch(/^application\/json/)
  expect(JSON.parse(body)).toMatchObject({ jsonrpc: '2.0' })
}

describe('a message with', () => {
  it.each(messages)('%s is answered', async (_, one) => {
    expectCalm(await send(JSON.stringify(one)))
    expectCalm(await send(...asToday(one)))
  })

  it.each(prototypes.slice(0, 2))('a key that reaches for prototypes is refused, wherever it is: %s', async (name) => {
    const key = name === 'constructor' ? '"constructor":{"prototype":{"admin":true}}' : `"${name}":{"admin":true}`
    for (const text of [
      `{${key}}`,
      `{"jsonrpc":"2.0","id":1,"method":"tools/list",${key}}`,
      `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{${key}}}`,
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"account_me","arguments":{${key}}}}`,
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"account_me","_meta":{${key}}}}`,
    ]) {
      const answer = await send(text)
      expect([answer.statusCode, answer.json().error]).toMatchObject([
        400,
        { code: -32700, data: { code: 'VALIDATION_ERROR' } },
      ])
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it.each([100, 10_000, 200_000])('%i arrays in each other is answered', async (levels) => {
    const name = '"name":"drafts_create"'
    const today = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'drafts_create' }
    for (const params of [
      `{${name},"arguments":{"title":${deep(levels)}}}`,
      `{${name},"arguments":{"title":"x","more":${deep(levels)}}}`,
      `{${name},"arguments":${deep(levels)}}`,
      `{${name},"arguments":{"title":5},"more":${deep(levels)}}`,
      deep(levels),
    ]) {
      expectCalm(await send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`))
      const text = `{"_meta":${JSON.stringify({ ...meta, more: 0 }).replace('"more":0', `"more":${deep(levels)}`)},${name}}`
      expectCalm(await send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${text}}`, today))
    }
    expectCalm(await send(deep(levels)))
  })
})

describe('a body', () => {
  it.each(['', ' ', '{', '{"jsonrpc":', 'nonsense', '\u0000', '{"a":1}{"a":2}', '<xml/>', 'a=b'])(
    'that is no JSON is refused as that: %j',
    async (text) => {
      const answer = await send(text)
      expectCalm(answer)
      expect([answer.statusCode, answer.json().error.code]).toEqual([400, -32700])
    },
  )

  it.each([
    ['none', '[]'],
    ['one', JSON.stringify([message('tools/list')])],
    ['10,000', JSON.stringify(Array(10_000).fill(message('ping')))],
  ])('of several messages is refused, also of %s', async (_, text) => {
    const answer = await send(text)
    expect([answer.statusCode, answer.json().error]).toMatchObject([
      400,
      { code: -32600, data: { code: 'VALIDATION_ERROR' } },
    ])
  })

  it('of more than a megabyte is refused', async () => {
    const answer = await send(
      JSON.stringify(toolCall({ name: 'account_me', arguments: { x: 'x'.repeat(1024 * 1024) } })),
    )
    expect([answer.statusCode, answer.json().error.data.code]).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/json, text/plain',
    'text/plain; application/json',
    '',
  ])('that says it is something else is refused: %j', async (type) => {
    const answer = await send(JSON.stringify(message('tools/list')), { 'content-type': type })
    expect([answer.statusCode, answer.json().error.data.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
  })

  it('that may not be answered in either form is refused', async () => {
    for (const accept of ['', 'text/html', 'application/json']) {
      const answer = await send(JSON.stringify(message('tools/list')), { accept })
      expectCalm(answer)
      expect(answer.statusCode).toBe(406)
    }
  })
})

describe('a version', () => {
  it.each(['2099-01-01', '2024-01-01', 'x', '0', 'x'.repeat(5000)])(
    'that nobody speaks is refused: %s',
    async (version) => {
      const inHeader = await send(JSON.stringify(message('tools/list')), { 'mcp-protocol-version': version })
      expectCalm(inHeader)
      expect(inHeader.statusCode).toBe(400)
      const params = { _meta: { ...meta, 'io.modelcontextprotocol/protocolVersion': version } }
      const headers = { 'mcp-protocol-version': version, 'mcp-method': 'tools/list' }
      const inBoth = await send(JSON.stringify(message('tools/list', params)), headers)
      expectCalm(inBoth)
      expect(inBoth.statusCode).toBe(400)
    },
  )

  it('that is another in the header than in the message is refused, and so is another method or tool', async () => {
    const [text, headers] = asToday(toolCall({ name: 'account_me' }))
    expect((await send(text, headers)).json().result).toMatchObject({ structuredContent: { displayName: 'Ada' } })
    const others: Headers[] = [
      { 'mcp-protocol-version': '2025-11-25' },
      { 'mcp-method': 'tools/list' },
      { 'mcp-name': 'drafts_list' },
      { 'mcp-method': '' },
      { 'mcp-name': '' },
    ]
    for (const other of others) {
      const answer = await send(text, { ...headers, ...other })
      expectCalm(answer)
      expect([other, answer.statusCode]).toEqual([other, 400])
    }
  })
})

it('of all this, nothing was made but what was well asked for', async () => {
  const listed = await send(JSON.stringify(toolCall({ name: 'drafts_list', arguments: { limit: 100 } })))
  const { items } = listed.json().result.structuredContent
  const wellAsked = items.filter(({ title }: { title: string }) => title === 'x' || title.startsWith('['))
  expect(items).toEqual(wellAsked)
})
