/**
 * REST: a real route for each procedure that names one, so that hooks, limits, logs and 404s see it. The procedure runs as it
 * does at every other door, with the same context, and its failures leave by the same table.
 */
import type { AnyRouter } from '@trpc/server'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors/app-error.ts'
import { isEnveloped } from '../errors/plugin.ts'
import { callProcedure } from '../trpc/call-procedure.ts'
import { deprecationHeaders } from './deprecation.ts'
import { envelope } from './envelope.ts'
import { isKnown, weakTag } from './etag.ts'
import type { InputFields } from './input-fields.ts'
import { acceptJsonAlone } from './json-body.ts'
import { type RestRoute, restRoutesOf } from './rest-route.ts'

const maxBodyBytes = 1024 * 1024
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

export interface RestOptions {
  router: AnyRouter
  createContext: (app: FastifyInstance, request: FastifyRequest, reply: FastifyReply) => object
}

export const restPlugin: FastifyPluginAsync<RestOptions> = async (app, { router, createContext }) => {
  acceptJsonAlone(app)
  // Answers are of one person, and some hold tokens. Of what is only read, see `isKnownAlready`.
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store')
    done()
  })

  const routes = restRoutesOf(router)
  for (const { name, type, access, fields, isSecret, isPublicRead, rest } of routes) {
    const isGoing = rest.deprecated && deprecationHeaders(rest.deprecated)
    app.route({
      method: rest.method,
      url: routePattern(rest.path),
      bodyLimit: maxBodyBytes,
      config: { credentialInBody: access === 'credential' },
      // Before the call: it is told of where the call is refused, too.
      ...(isGoing && { onRequest: async (_request, reply) => void reply.headers(isGoing) }),
      handler: async (request, reply) => {
        // Asked for when it is known who calls: what is wrong with an input is nobody's business before.
        let input: unknown
        const getRawInput = async () => {
          if (!fields) return
          input ??= inputOf(request, fields, isSecret)
          return input
        }
        const ctx = createContext(app, request, reply)
        const call = { path: name, type, ctx, getRawInput, signal: undefined, batchIndex: 0 }
        const data: unknown = await callProcedure(router, call)
        if (data === undefined) return reply.code(204).send()
        // By itself: Fastify would send a bare text as text, and null as nothing.
        const json = JSON.stringify(data)
        if (type === 'query' && isKnownAlready(request, reply, json, isPublicRead)) return reply.code(304).send()
        const body = isEnveloped(request) ? JSON.stringify(envelope(data)) : json
        return reply.code(rest.status).type('application/json; charset=utf-8').send(body)
      },
    })
  }
  for (const [path, allowed] of methodsByPath(routes)) {
    app.route({
      method: methods.filter((method) => !allowed.has(method)),
      url: routePattern(path),
      // Before the body is read.
      onRequest: async (_request, reply) => {
        reply.header('allow', [...allowed].join(', '))
        throw new AppError('METHOD_NOT_ALLOWED')
      },
      handler: async () => {},
    })
  }
}

/**
 * Tags an answer, about which a program that has it may ask each time: it is looked up, allowed and counted as ever, and only not sent
 * again. What is about a user stays in no browser, where the next one would find it; of public reads it may, for itself alone.
 */
function isKnownAlready(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  json: string,
  isPublicRead: boolean,
): boolean {
  const etag = weakTag(json)
  const vary = [reply.getHeader('vary'), 'authorization', 'cookie', 'x-user-id'].filter((name) => name !== undefined)
  const cacheControl = isPublicRead ? 'private, no-cache' : 'no-store'
  reply.headers({ etag, 'cache-control': cacheControl, vary: vary.join(', ') })
  return isKnown(etag, headers['if-none-match'])
}

/** Proxies write addresses down and histories keep them. A secret that came in one is told of, so that it does not go on. */
function refuseInAddress(query: unknown, fields: InputFields): void {
  const named = Object.keys(query as object).filter((field) => fields.has(field))
  if (named.length === 0) return
  const message = 'Must be in the body: addresses are kept in logs, so think of what was sent as known'
  throw new AppError('VALIDATION_ERROR', { details: named.map((field) => ({ field, message })) })
}

/**
 * The path decides over the body, and the body over the query: what names the resource is what was authorised. A body that is no
 * object is the input as it stands, for the schema to refuse in its own words.
 */
function inputOf({ params, query, body }: FastifyRequest, fields: InputFields, isSecret: boolean): unknown {
  if (isSecret) refuseInAddress(query, fields)
  if (body !== undefined && (typeof body !== 'object' || body === null || Array.isArray(body))) return body
  return { ...values(query, fields), ...body, ...values(params, fields) }
}

const values = (texts: unknown, fields: InputFields) =>
  Object.fromEntries(
    Object.entries(texts as Record<string, unknown>).map(([field, text]) => [field, fields.fromText(field, text)]),
  )

const routePattern = (path: string) => path.replaceAll(/\{(.*?)\}/g, ':$1')

function methodsByPath(routes: RestRoute[]): Map<string, Set<string>> {
  const byPath = new Map<string, Set<string>>()
  for (const { rest } of routes) byPath.set(rest.path, (byPath.get(rest.path) ?? new Set()).add(rest.method))
  return byPath
}
