/**
 * The protocol itself, by its official SDK, in the versions with a handshake and in those without. Each message has a server of its
 * own and nothing is kept between two, so that any instance may answer the next. Loaded only where the door is open.
 */
import {
  type CallToolResult,
  createMcpHandler,
  isLegacyRequest,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type Tool as ToolDefinition,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import type { Tool } from './tool.ts'

/** What whoever asks is offered. */
export interface Offer {
  /** Of the server. */
  readonly version: string
  /** Those that they may see. */
  readonly listed: readonly Tool[]
  /** Of any tool there is: whether they may is for the procedure to say. Null where there is none of that name. Never rejects. */
  readonly call: (name: string, input: Record<string, unknown>) => Promise<CallToolResult> | null
}

const instructions = `Each tool acts as the person whose token comes with the call, and may do what they may.
Lists are paged: send nextCursor back as cursor until it is null.
A failed call says in code what went wrong and in message what to do; with retryAfterS, wait that many seconds first.
A call that may come twice should have an idempotencyKey, so that it takes effect once.`

/** `request` without its body, which is `message`, undefined where there was none. */
export async function answerMessage(request: Request, message: unknown, offer: Offer): Promise<Response> {
  // The SDK would hold a stream open for it, on which there is nothing to tell: the tools never change while a server runs.
  if (isOf(message, 'subscriptions/listen')) return methodNotFound(message)
  if (await isLegacyRequest(request, message)) return answerLegacy(request, message, offer)
  let cause: unknown
  const onerror = (error: unknown) => {
    cause = error
  }
  const handler = createMcpHandler(() => serverOf(offer), { legacy: 'reject', onerror })
  const response = await handler.fetch(request, { parsedBody: message })
  if (response.status >= 500) throw new Error('The MCP SDK could not answer', { cause })
  return response
}

/** By the SDK's own way for them, but in plain JSON: one answer needs no stream. */
async function answerLegacy(request: Request, parsedBody: unknown, offer: Offer): Promise<Response> {
  const server = serverOf(offer)
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: undefined,
    enableJsonResponse: true,
  })
  await server.connect(transport)
  try {
    return await transport.handleRequest(request, { parsedBody })
  } finally {
    await server.close()
  }
}

function serverOf({ version, listed, call }: Offer): Server {
  const server = new Server({ name: 'plinth', title: 'Plinth', version }, { capabilities: { tools: {} }, instructions })
  server.setRequestHandler('tools/list', () => ({
    // To the SDK's types a schema is JSON of any kind, which ours is by its making.
    tools: listed.map(({ definition }) => definition as ToolDefinition),
  }))
  server.setRequestHandler('tools/call', ({ params: { name, arguments: input = {}, _meta: meta } }) => {
    // Clients that may add nothing to what a model wrote have a place of their own for it.
    const key = Object.hasOwn(input, 'idempotencyKey') ? undefined : meta?.idempotencyKey
    const result = call(name, key === undefined ? input : { ...input, idempotencyKey: key })
    if (!result) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such tool: ask for tools/list')
    return result
  })
  return server
}

interface Call {
  id?: unknown
  method: string
}

const isOf = (message: unknown, method: string): message is Call =>
  typeof message === 'object' && message !== null && 'method' in message && message.method === method

const methodNotFound = ({ id = null }: Call) =>
  Response.json(
    { jsonrpc: '2.0', id, error: { code: ProtocolErrorCode.MethodNotFound, message: 'Method not found' } },
    { status: 404 },
  )
