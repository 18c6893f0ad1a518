/** tRPC's own Fastify adapter, which answers whatever HTTP can ask of a router. What it costs is told in lean-handler.ts. */
import type { AnyRouter, TRPCError } from '@trpc/server'
import { fastifyRequestHandler } from '@trpc/server/adapters/fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors/app-error.ts'

/** A router's calls over HTTP, as whoever answers them needs to know them. */
export interface HttpCalls {
  router: AnyRouter
  maxBatchSize: number
  /** Once a request; `calls`: how many came together. */
  createContext: (request: FastifyRequest, reply: FastifyReply, calls: number) => object | Promise<object>
  onError: (failure: CallFailure) => void
  /** Further headers of an answer in which these calls failed. */
  headersOf: (errors: TRPCError[]) => Record<string, string>
}

export interface CallFailure {
  error: TRPCError
  type: 'query' | 'mutation' | 'subscription' | 'unknown'
  /** Absent where it is the answer that failed, and no call. */
  path: string | undefined
  input: unknown
  /** Absent where it could not be made. */
  ctx: object | undefined
  req: FastifyRequest
}

/** `path`: what follows the prefix. Resolves with the body, or with nothing where it is sent already. */
export type Answer = (request: FastifyRequest, reply: FastifyReply, path: string) => Promise<unknown>

export function adapterHandler({ router, maxBatchSize, createContext, onError, headersOf }: HttpCalls): Answer {
  return async (request, reply, path) => {
    refuseUnfetchable(request)
    await fastifyRequestHandler({
      router,
      path,
      req: request,
      res: reply,
      createContext: ({ info }) => createContext(request, reply, info.calls.length),
      maxBatchSize,
      // For queries that are longer than an address may be; what a page of another site can send so is refused before.
      allowMethodOverride: true,
      onError,
      responseMeta: ({ errors }) => ({ headers: headersOf(errors) }),
    })
  }
}

/** What the Fetch standard lets nobody make a `Request` of: the adapter would fail, and the fault look like ours. */
function refuseUnfetchable({ raw }: FastifyRequest): void {
  if (raw.method === 'TRACE') throw new AppError('METHOD_NOT_ALLOWED')
  const address = URL.parse(raw.url ?? '', `http://${raw.headers.host ?? 'localhost'}`)
  if (!address || address.username || address.password) throw new AppError('VALIDATION_ERROR')
}
