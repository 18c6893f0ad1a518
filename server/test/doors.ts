/**
 * The doors of a procedure: how a call goes through each, and how its answer is read back, so that answers can be compared. What a door
 * honestly does in another way is said in its entry and nowhere else. A new door is one entry of the table.
 */
import type { LightMyRequestResponse } from 'fastify'
import { expect } from 'vitest'
import { operatorContext } from '../../cli/local-plinth.ts'
import { roles } from '../../shared/account.ts'
import { type Capability, hasCapability } from '../../shared/capabilities.ts'
import { type ErrorCode, errorTable } from '../../shared/errors.ts'
import { toAppError } from '../platform/errors/app-error.ts'
import { isActor } from '../platform/identity/session-lookups.ts'
import { appRouter } from '../router.ts'
import type { TestApp } from './app.ts'
import type { TestBrowser } from './browser.ts'
import {
  closedUnheard,
  type Door,
  type Outcome,
  openSocket,
  type Procedure,
  type TrpcAnswer,
  trpcOutcome,
} from './door.ts'
import { openProgram } from './programs.ts'
import { eventStream, followSocket, listen, plainSocket } from './stream-doors.ts'
import { outcomeOf, toolName } from './tools.ts'
import { until } from './until.ts'
import { fieldsInPath } from './wrong-inputs.ts'

const json = { 'content-type': 'application/json' }
const isCall = ({ type }: Procedure) => type !== 'subscription'

/** By the lean handler, or by the adapter where there are more `headers` than it knows. */
function trpc(name: string, headers: Record<string, string> = {}): Door {
  return {
    name,
    leadsTo: isCall,
    takesAnything: () => true,
    isHttp: true,
    async call(_house, browser, { procedure: { path, type }, input, key, origin }) {
      const more = { ...headers, ...(key && { 'idempotency-key': key }), ...(origin && { origin }) }
      const query = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`
      const answer = await (type === 'query'
        ? browser.get(`/trpc/${path}${query}`, more)
        : browser.send({ method: 'POST', url: `/trpc/${path}`, headers: { ...json, ...more }, payload: textOf(input) }))
      const body = answer.json()
      if (body.error) expectStatus(answer, body.error.data)
      else expect(answer.statusCode, answer.body).toBe(200)
      return { ...trpcOutcome(body), http: httpOf(answer, body.error?.data) }
    },
  }
}

const textOf = (input: unknown) => JSON.stringify(input === undefined ? {} : input)

/** What stands beside the call: always refused, always counted. */
const companion = { path: { query: 'drafts.get', mutation: 'drafts.rename' }, input: {} }

const batch: Door = {
  name: 'a tRPC batch',
  leadsTo: isCall,
  takesAnything: () => true,
  isHttp: true,
  calls: 2,
  async call(_house, browser, { procedure: { path, type }, input, key, origin }) {
    const url = `/trpc/${path},${companion.path[type as 'query' | 'mutation']}?batch=1`
    const payload = JSON.stringify({ 0: withKey(input, key), 1: companion.input })
    const headers = { ...json, ...(origin && { origin }) }
    const answer = await (type === 'query'
      ? browser.get(`${url}&input=${encodeURIComponent(payload)}`)
      : browser.send({ method: 'POST', url, headers, payload }))
    const answers = answer.json()
    // What is refused before anybody looks inside is one answer.
    if (!Array.isArray(answers)) return { ...trpcOutcome(answers), http: httpOf(answer, answers.error.data) }
    expect(answers).toHaveLength(2)
    const { data } = answers[0].error ?? {}
    if (data) expect(data.httpStatus).toBe(errorTable[data.code as ErrorCode].status)
    const longest = Math.max(...answers.map(({ error }) => error?.data.retryAfterS ?? 0))
    return { ...trpcOutcome(answers[0]), http: httpOf(answer, { ...data, retryAfterS: longest || undefined }) }
  },
}

/** Where no header can be one call's own. */
const withKey = (input: unknown, idempotencyKey: string | undefined) =>
  idempotencyKey === undefined ? input : { ...(input as object), idempotencyKey }

const webSocket: Door = {
  name: 'tRPC over a WebSocket',
  leadsTo: () => true,
  takesAnything: () => true,
  refusesNobody: closedUnheard,
  withoutCookies: {
    code: 'VALIDATION_ERROR',
    message: 'This call must be sent over HTTP, outside a streamed batch, because its response sets a cookie.',
    retryAfterS: undefined,
  },
  follow: followSocket,
  async call(house, browser, sent) {
    const { procedure, input, key } = sent
    const { path, type } = procedure
    if (type === 'subscription') return listen(await followSocket(house, browser, sent), sent)
    const socket = await openSocket(house.url, browser)
    const id = socket.send(type, path, withKey(input, key))
    const answer = await until(
      'an answer or the end',
      () => socket.answers.find((one) => one.id === id) ?? socket.close,
    )
    socket.ws.terminate()
    if (!('code' in answer)) return trpcOutcome(answer as TrpcAnswer)
    expect(answer.code).toBe(4401)
    return { error: closedUnheard }
  },
}

const rest: Door = {
  name: 'REST',
  leadsTo: ({ meta }) => meta?.rest !== undefined,
  listsAlone: true,
  takesAnything: ({ type }) => type === 'mutation',
  isHttp: true,
  async call(_house, browser, { procedure, input, key, origin }) {
    const { method, path, status = 200 } = procedure.meta?.rest ?? expect.unreachable()
    const fields = { ...(input as Record<string, unknown> | undefined) }
    const url = path.replaceAll(/\{(.*?)\}/g, (_, field) => encodeURIComponent(String(fields[field])))
    for (const field of fieldsInPath(procedure)) delete fields[field]
    const isObject = input === undefined || (typeof input === 'object' && input !== null && !Array.isArray(input))
    const payload = JSON.stringify(isObject ? fields : input)
    const headers = { ...(key && { 'idempotency-key': key }), ...(origin && { origin }) }
    const answer = await (method === 'GET'
      ? browser.get(`${url}?${new URLSearchParams(fields as Record<string, string>)}`, headers)
      : browser.send({ method, url, headers: { ...json, ...headers }, payload }))
    return restOutcome(answer, path.startsWith('/api/'), status)
  },
}

function restOutcome(answer: LightMyRequestResponse, isEnveloped: boolean, status: number): Outcome {
  if (answer.statusCode === 204) return { data: undefined, http: httpOf(answer) }
  const body = answer.json()
  if (answer.statusCode >= 400) {
    const { error } = body
    expectStatus(answer, { code: error.code, httpStatus: answer.statusCode })
    expect(body.success).toBe(isEnveloped ? false : undefined)
    const { requestId } = isEnveloped ? body.meta : body
    const wait = answer.headers['retry-after']
    const retryAfterS = wait === undefined ? undefined : Number(wait)
    return { error: { ...error, retryAfterS }, http: httpOf(answer, { requestId, retryAfterS }) }
  }
  expect(answer.statusCode, answer.body).toBe(status)
  if (!isEnveloped) return { data: body, http: httpOf(answer) }
  const { success, data, meta } = body
  expect([success, meta.version]).toEqual([true, 'v1'])
  return { data: meta.pagination ? { items: data, pagination: meta.pagination } : data, http: httpOf(answer) }
}

const mcp: Door = {
  name: 'a tool over MCP',
  leadsTo: ({ meta }) => meta?.mcp !== undefined,
  takesAnything: () => false,
  isHttp: true,
  byToken: 'Send an API key or an access token, as `Authorization: Bearer <token>`.',
  async call({ app }, browser, { procedure: { path }, input, key, origin }) {
    const params = { name: toolName(path), arguments: withKey(input, key) }
    const answer = await app.root.inject({
      method: 'POST',
      url: '/mcp',
      headers: {
        ...browser.headers,
        ...(await tokenOf(app, browser)),
        ...json,
        accept: 'application/json, text/event-stream',
        ...(origin && { origin }),
      },
      payload: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    })
    const { result, error } = answer.json()
    if (error) {
      expectStatus(answer, error.data)
      return { ...trpcOutcome({ error }), http: httpOf(answer, error.data) }
    }
    expect(answer.statusCode).toBe(200)
    const outcome = outcomeOf(result)
    // To a model it is a result like any other, so no header speaks of it.
    return { ...(outcome as Outcome), http: httpOf(answer) }
  },
}

/** Of the same user; what they have presented decides here too. */
async function tokenOf(app: TestApp, { headers, sessionToken }: TestBrowser): Promise<Record<string, string>> {
  const actor = headers.authorization === undefined && sessionToken ? await app.sessions.find(sessionToken) : null
  return actor && isActor(actor) ? (await openProgram(app, actor)).bearer : {}
}

/** What an administrator may and nobody else, or not even they: the operator's account is nobody's, so the rest is not for them. */
const isForOperator = ({ meta }: Procedure) =>
  meta?.access === 'operator' ||
  roles.filter((role) => hasCapability(role, meta?.access as Capability)).join() === 'admin'

const operator: Door = {
  name: 'the command line',
  leadsTo: (procedure) => isCall(procedure) && isForOperator(procedure),
  takesAnything: () => true,
  byOperator: true,
  async call({ app }, _browser, { procedure: { path }, input, key }) {
    let call: unknown = appRouter.createCaller(operatorContext(app.inside))
    for (const name of path.split('.')) call = (call as Record<string, unknown>)[name]
    try {
      return { data: await (call as (input: unknown) => Promise<unknown>)(withKey(input, key)) }
    } catch (thrown) {
      const error = toAppError(thrown)
      return { error: { ...error.body, retryAfterS: error.retryAfterS } }
    }
  },
}

/** Of those that lead to a procedure the first is what the others are compared with. */
export const doors: readonly Door[] = [
  trpc('tRPC'),
  trpc('tRPC, by its own adapter', { 'trpc-accept': 'application/json' }),
  batch,
  eventStream,
  webSocket,
  rest,
  plainSocket,
  mcp,
  operator,
]

/** A status says what its code does. */
function expectStatus(answer: LightMyRequestResponse, { code, httpStatus }: { code: ErrorCode; httpStatus: number }) {
  expect([answer.statusCode, httpStatus], answer.body).toEqual([errorTable[code].status, errorTable[code].status])
}

/** Headers, which have to agree with what the body says of the same. */
function httpOf(
  { headers, cookies }: LightMyRequestResponse,
  failure?: { requestId?: string; retryAfterS?: number | undefined },
): NonNullable<Outcome['http']> {
  const requestId = String(headers['x-request-id'])
  if (failure?.requestId) expect(failure.requestId).toBe(requestId)
  const wait = headers['retry-after']
  expect(wait === undefined ? undefined : Number(wait)).toBe(failure?.retryAfterS)
  const number = (name: string) => Number(headers[`ratelimit-${name}`])
  const isCounted = headers['ratelimit-limit'] !== undefined
  return {
    requestId,
    budget: isCounted ? { limit: number('limit'), remaining: number('remaining'), resetS: number('reset') } : null,
    cookies: cookies.map(({ name, value }) => `${name} ${value === '' ? 'cleared' : 'set'}`).sort(),
  }
}
