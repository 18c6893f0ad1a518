/**
 * MCP (the Model Context Protocol, over streamable HTTP) where it is switched on: procedures that say so are tools of whoever's token
 * comes with the request. A call runs as it does at every other door, with the same context, and its failures are of the same table.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AnyRouter, callTRPCProcedure } from '@trpc/server'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { packageFolder } from '../config/package-folder.ts'
import { AppError, toAppError } from '../errors/app-error.ts'
import { logFailure } from '../errors/plugin.ts'
import { type Resolution, refusal } from '../identity/credential.ts'
import type { Actor } from '../identity/sessions.ts'
import type { CountCall } from '../limits/call-counter.ts'
import { allowedOrigins } from '../origins/plugin.ts'
import { acceptJsonAlone } from '../rest/json-body.ts'
import { isFor, type Tool, toolsOf } from './tool.ts'

const path = '/mcp'
const maxBodyBytes = 1024 * 1024

interface CallContext {
  resolve: () => Promise<Resolution>
  countCall: CountCall
}

export interface McpOptions {
  router: AnyRouter
  createContext: (app: FastifyInstance, request: FastifyRequest, reply: FastifyReply) => CallContext
}

export const mcpPlugin: FastifyPluginAsync<McpOptions> = async (app, { router, createContext }) => {
  if (!app.config.mcp) return
  // Everybody else would pay for it at each start.
  const { answerMessage } = await import('./tool-server.ts')
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string }
  const tools = new Map(toolsOf(router).map((tool) => [tool.definition.name, tool]))

  acceptJsonAlone(app)
  app.setErrorHandler(answerError)
  const allowed = allowedOrigins(app.config)
  app.addHook('onRequest', async ({ headers: { origin } }, reply) => {
    reply.header('cache-control', 'no-store')
    // Of every request, and whatever Sec-Fetch-Site says: to a page under a name that leads here since (DNS rebinding) we are same-origin.
    if (origin !== undefined && !allowed.has(origin)) throw new AppError('ORIGIN_NOT_ALLOWED')
  })

  app.post(path, { bodyLimit: maxBodyBytes }, async (request, reply) => {
    const ctx = createContext(app, request, reply)
    const actor = await actorOf(request, ctx)
    const { body: message } = request
    // One message, one call: clients of today send no others, and what holds of a call (its key, its limits) is plain.
    if (Array.isArray(message)) throw new AppError('VALIDATION_ERROR', { message: 'Send each message by itself.' })

    let isCounted = false
    const countCall: CallContext['countCall'] = (payer, price) => {
      isCounted = true
      return ctx.countCall(payer, price)
    }
    const answer = await answerMessage(toWebRequest(request, app.config.server.publicUrl), message, {
      version,
      listed: [...tools.values()].filter((tool) => isFor(actor, tool)),
      call(name, input) {
        const tool = tools.get(name)
        return tool ? callTool(tool, input, { router, ctx: { ...ctx, countCall }, request }) : null
      },
    })
    // What called no procedure is a call too.
    if (!isCounted) await ctx.countCall(actor)
    const type = answer.headers.get('content-type')
    if (type) reply.type(type)
    return reply.code(answer.status).send((await answer.text()) || undefined)
  })
  app.route({
    method: ['GET', 'PUT', 'PATCH', 'DELETE'],
    url: path,
    handler: async (_request, reply) => {
      reply.header('allow', 'POST')
      throw new AppError('METHOD_NOT_ALLOWED', {
        message: 'Messages come by POST. There is no stream, and no session to end.',
      })
    },
  })
}

/**
 * A cookie comes along with whatever a page sends, and `X-User-Id` proves nobody: alone they do not count here.
 * @throws AppError UNAUTHENTICATED, INVALID_CREDENTIAL, API_KEY_INVALID, SESSION_ENDED, RATE_LIMITED
 */
async function actorOf({ headers }: FastifyRequest, ctx: CallContext): Promise<Actor> {
  const resolution = headers.authorization === undefined ? null : await ctx.resolve()
  if (resolution?.kind === 'signed-in') return resolution.actor
  // As at every other door, so that guessing is bounded.
  await ctx.countCall(null)
  if (resolution?.kind === 'refused') throw refusal(resolution)
  throw new AppError('UNAUTHENTICATED', {
    message: 'Send an API key or an access token, as `Authorization: Bearer <token>`.',
  })
}

interface Calling {
  router: AnyRouter
  ctx: CallContext
  request: FastifyRequest
}

/** A failure is a result too, for the model to read. Clients hold what is structured against the schema of successes, so it is text. */
async function callTool({ path, type }: Tool, input: Record<string, unknown>, { router, ctx, request }: Calling) {
  const text = (text: string) => ({ type: 'text' as const, text })
  try {
    const call = { path, type, ctx, getRawInput: async () => input, signal: undefined, batchIndex: 0 }
    const data: unknown = await callTRPCProcedure({ router, ...call })
    if (data === undefined) return { content: [text('Done.')] }
    return { content: [text(JSON.stringify(data))], structuredContent: data }
  } catch (error) {
    const appError = toAppError(error)
    logFailure(request, appError, error)
    const { body, retryAfterS } = appError
    return { isError: true, content: [text(JSON.stringify({ ...body, retryAfterS, requestId: request.id }))] }
  }
}

/** What the protocol looks at, and no more of it: the credential stays here. */
function toWebRequest({ headers }: FastifyRequest, origin: string): Request {
  const seen = Object.entries(headers).filter(([name]) => /^(accept|content-type|mcp-.+)$/.test(name))
  return new Request(new URL(path, origin), { method: 'POST', headers: seen as [string, string][] })
}

/** Of JSON-RPC 2.0; the last is for servers to give a meaning to. */
const rpcCodes = { notJson: -32700, noMessage: -32600, refused: -32000 } as const

/** What is refused before any message is looked into, or instead of its answer. */
function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const appError = toAppError(error)
  logFailure(request, appError, error)
  const { status, retryAfterS } = appError
  const { code, message, ...more } = appError.body
  if (retryAfterS) reply.header('retry-after', retryAfterS)
  // RFC 6750 section 3: nothing is said of a credential that was not there.
  const fault = code === 'UNAUTHENTICATED' ? '' : ', error="invalid_token"'
  if (status === 401) reply.header('www-authenticate', `Bearer realm="plinth"${fault}`)
  const rpcCode = status !== 400 ? rpcCodes.refused : request.body === undefined ? rpcCodes.notJson : rpcCodes.noMessage
  const data = { code, httpStatus: status, ...more, retryAfterS, requestId: request.id }
  return reply.code(status).send({ jsonrpc: '2.0', id: null, error: { code: rpcCode, message, data } })
}
