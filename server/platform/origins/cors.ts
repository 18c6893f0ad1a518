/**
 * CORS (the Fetch standard) for CORS_ORIGINS, by exact match and with credentials. A hook and no plugin: @fastify/cors
 * answers OPTIONS for every path of the server that Plinth is registered in, and takes no second one beside it.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'

const preflightSeconds = 600
/** The request headers that Plinth reads: of its own APIs, tRPC and MCP. */
const requestHeaders = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-none-match',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'plinth-person',
  'trpc-accept',
  'x-user-id',
].join(', ')

/** An `onRequest` hook: names an allowed origin in every answer, and answers its preflights. */
export function answerCrossOrigin({ server }: Config) {
  const allowed = new Set(server.corsOrigins)
  return async (request: FastifyRequest, reply: FastifyReply) => {
    if (allowed.size === 0) return
    reply.header('vary', 'origin')
    const { origin } = request.headers
    if (origin === undefined || !allowed.has(origin)) return
    reply.headers({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers':
        'etag, ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after, x-request-id',
    })
    if (request.method !== 'OPTIONS') return
    return reply
      .code(204)
      .headers({
        'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers': requestHeaders,
        'access-control-max-age': preflightSeconds,
      })
      .send()
  }
}
