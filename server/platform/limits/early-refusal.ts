/**
 * Refuses requests of callers whose budget is spent before their bodies are read, because a request over the limit must cost very little. A call that
 * passes is counted where it runs. Queries the database only if the request has a credential and either the network's budget is spent, because the
 * credential may be that of a user with a budget of their own, or the body is large, because a caller without a valid credential must not have it parsed.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors/app-error.ts'
import { payerOf, presentsCredential, refusal } from '../identity/credential.ts'
import { operator } from '../identity/operator.ts'
import { credentialOf } from '../identity/request-credential.ts'
import { callCounter, stateBudget } from './call-counter.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The credential is in the body, so the caller is known once it has been read. A function where that depends on the path. */
    credentialInBody?: boolean | ((request: FastifyRequest) => boolean)
  }
}

/** Parsing a body of this size costs less than the response. */
const smallBodyBytes = 16 * 1024

/** An `onRequest` hook. @throws AppError RATE_LIMITED, what `credentialOf` throws, and the code of a refused credential */
export function refuseOverBudget(app: FastifyInstance) {
  const { callBudgets } = app
  return async (request: FastifyRequest, reply: FastifyReply) => {
    // A socket is closed with a code instead, because a browser does not learn why an upgrade was refused.
    if (request.method === 'GET' && request.headers.upgrade !== undefined) return
    const isSmall = isSmallBody(request)
    if (isSmall && !callBudgets.peekOver(null, request.ip)) return
    if (isSmall && hasCredentialInBody(request)) return
    const resolution = presentsCredential(request.raw, app) ? await credentialOf(request, app) : null
    // A signed-in user who claims a legacy id: an anonymous call, which is counted and refused where it runs.
    if (resolution?.kind === 'refused' && resolution.claim) return
    if (resolution?.kind === 'refused' && !isSmall) {
      await callCounter(app, request, reply)(null)
      throw refusal(resolution)
    }
    const payer = resolution && payerOf(resolution)
    const over = payer === operator ? null : callBudgets.peekOver(payer?.id ?? null, request.ip)
    if (!over) return
    stateBudget(reply, over)
    throw new AppError('RATE_LIMITED', { retryAfterS: over.resetS })
  }
}

function isSmallBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= smallBodyBytes
}

function hasCredentialInBody(request: FastifyRequest): boolean {
  const { credentialInBody } = request.routeOptions.config
  return typeof credentialInBody === 'function' ? credentialInBody(request) : credentialInBody === true
}
