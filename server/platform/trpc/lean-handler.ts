/**
 * The ordinary calls, which are nearly all: queries by GET and mutations by POST, in JSON, alone or together. Answered as tRPC's adapter
 * does, byte for byte, without the Request, the Headers, the Response and the streams that it makes for each, which cost
 * several times the rest. Whatever may be anything else is the adapter's, and is so before any of it has run:
 * other methods and media types, streams, subscriptions, what is not there, odd addresses. In doubt, leave it to the adapter.
 */
import { getErrorShape, getTRPCErrorFromUnknown, type TRPCDataTransformer, TRPCError } from '@trpc/server'
import { getHTTPStatusCode } from '@trpc/server/http'
import type { TRPCResponse } from '@trpc/server/rpc'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Answer, HttpCalls } from './adapter-handler.ts'
import { callProcedure } from './call-procedure.ts'

interface Ordinary {
  type: 'query' | 'mutation'
  paths: string[]
  isBatch: boolean
  /** The input, or those of a batch by their place; null or empty for none. */
  json: string | null
}

type Transformer = Pick<TRPCDataTransformer, 'deserialize'>
type Outcome = { data: unknown; error?: undefined } | { data?: undefined; error: TRPCError }

export function leanHandler(calls: HttpCalls, adapter: Answer): Answer {
  const { _config, lazy } = calls.router._def
  // Other separators than the dot, and routers that are loaded when they are first asked for.
  if (_config.pathSeparator !== '.' || Object.keys(lazy).length > 0) return adapter
  return (request, reply, path) => {
    const ordinary = ordinaryCalls(request, path, calls)
    return ordinary ? answer(request, reply, ordinary, calls) : adapter(request, reply, path)
  }
}

/** As the adapter would take it; null for what it has to. */
function ordinaryCalls({ raw, body }: FastifyRequest, path: string, calls: HttpCalls): Ordinary | null {
  const { method, headers, url = '' } = raw
  const type = method === 'GET' ? 'query' : method === 'POST' ? 'mutation' : null
  if (type === null || !hasPlainAddress(url, headers.host)) return null
  if (headers['trpc-accept'] !== undefined || headers.accept?.includes('jsonl')) return null
  if (!isJson(headers['content-type'], type)) return null
  // Which the adapter reads without its byte order mark.
  if (type === 'mutation' && (typeof body !== 'string' || body.startsWith('\uFEFF'))) return null

  const queryAt = url.indexOf('?')
  // As the adapter reads it: Fastify's own parser differs in what it makes of repeated names and broken escapes.
  const query = queryAt === -1 ? null : new URLSearchParams(url.slice(queryAt))
  if (query?.has('connectionParams')) return null
  const isBatch = query?.get('batch') === '1'
  const paths = isBatch ? path.split(',', calls.maxBatchSize + 1) : [path]
  if (paths.length > calls.maxBatchSize) return null
  // Without a prototype: `constructor` is not there.
  const procedures: Record<string, { _def: { type: string } }> = calls.router._def.procedures
  if (paths.some((path) => procedures[path]?._def.type !== type)) return null
  return { type, paths, isBatch, json: type === 'query' ? (query?.get('input') ?? null) : (body as string) }
}

/** Visible characters, no fragment, no name and password, and a host that is one: a `URL` would change nothing in it. */
function hasPlainAddress(url: string, host: string | undefined): boolean {
  return (
    host !== undefined && /^\/[!-"$-~]*$/.test(url) && /^[\w.:[\]-]+$/.test(host) && URL.canParse(url, `http://${host}`)
  )
}

function isJson(contentType: string | undefined, type: Ordinary['type']): boolean {
  if (contentType === undefined) return type === 'query'
  return contentType === 'application/json' || contentType.split(';', 1)[0]?.trim().toLowerCase() === 'application/json'
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { type, paths, isBatch, json }: Ordinary,
  { router, createContext, onError, headersOf }: HttpCalls,
): Promise<string> {
  const config = router._def._config
  const inputs = new Inputs(json, isBatch ? paths.length : null, config.transformer.input)
  const signal = whileListening(reply)
  let ctx: object | undefined
  let withoutContext: TRPCError | undefined
  try {
    ctx = await createContext(request, reply, paths.length)
  } catch (cause) {
    withoutContext = getTRPCErrorFromUnknown(cause)
  }

  const call = async (path: string, batchIndex: number): Promise<Outcome> => {
    try {
      if (withoutContext) throw withoutContext
      const getRawInput = async () => inputs.read()[batchIndex]
      return { data: await callProcedure(router, { path, type, getRawInput, ctx, signal, batchIndex }) }
    } catch (cause) {
      const error = getTRPCErrorFromUnknown(cause)
      onError({ error, path, input: inputs.ifRead(batchIndex), ctx, type, req: request })
      return { error }
    }
  }
  const failure = (error: TRPCError, path?: string, input?: unknown): TRPCResponse => ({
    error: getErrorShape({ config, ctx, error, path, input, type }),
  })
  /** As `transformTRPCResponse` does it, whose copies of copies take almost as long as calling the procedure. */
  const transformed = (answer: TRPCResponse) =>
    'error' in answer
      ? { error: config.transformer.output.serialize(answer.error) }
      : { result: { data: config.transformer.output.serialize((answer.result as { data: unknown }).data) } }
  const finish = (answers: TRPCResponse[], errors: (TRPCError | undefined)[]) =>
    reply
      .code(getHTTPStatusCode(answers, errors))
      .headers({ 'content-type': 'application/json', vary: 'trpc-accept, accept' })
      .headers(headersOf(errors.filter((error) => error !== undefined)))
      .serializer(asText)

  try {
    // Waiting for one alone takes a third of the time of waiting for all of one.
    const called = paths.length === 1 ? [await call(paths[0] as string, 0)] : await Promise.all(paths.map(call))
    const outcomes = called.map((outcome) => {
      if (!isStream(outcome.data)) return outcome
      const error = streamRefused()
      if (!isBatch) throw error
      return { error }
    })
    const answers = outcomes.map(
      ({ data, error }, at): TRPCResponse =>
        error ? failure(error, paths[at], inputs.ifRead(at)) : { result: { data } },
    )
    finish(
      answers,
      outcomes.map(({ error }) => error),
    )
    return JSON.stringify(isBatch ? answers.map(transformed) : transformed(answers[0] as TRPCResponse))
  } catch (cause) {
    // What came of it is no JSON, such as a bigint or a stream, or the error has no form.
    const error = getTRPCErrorFromUnknown(cause)
    onError({ error, path: undefined, input: undefined, ctx, type, req: request })
    const answer = failure(error)
    finish([answer], [error])
    return JSON.stringify(transformed(answer))
  }
}

/** Read once, and not before a procedure asks: nothing is parsed for who is refused. `size`: of a batch. */
class Inputs {
  readonly #json: string | null
  readonly #size: number | null
  readonly #transformer: Transformer
  #values: unknown[] | undefined
  #fault: TRPCError | undefined

  constructor(json: string | null, size: number | null, transformer: Transformer) {
    this.#json = json
    this.#size = size
    this.#transformer = transformer
  }

  /** @throws TRPCError BAD_REQUEST, the same each time */
  read(): unknown[] {
    if (this.#fault) throw this.#fault
    try {
      this.#values ??= this.#parsed()
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : 'Invalid input'
      this.#fault = cause instanceof TRPCError ? cause : new TRPCError({ code: 'BAD_REQUEST', message, cause })
      throw this.#fault
    }
    return this.#values
  }

  ifRead(at: number): unknown {
    return this.#values?.[at]
  }

  #parsed(): unknown[] {
    if (!this.#json) return []
    const parsed: unknown = JSON.parse(this.#json)
    if (this.#size === null) return [this.#transformer.deserialize(parsed)]
    if (!isObject(parsed)) {
      throw new TRPCError({
        code: 'BAD_REQUEST',
        message: '"input" needs to be an object when doing a batch call',
      })
    }
    return Array.from({ length: this.#size }, (_, at) =>
      parsed[at] === undefined ? undefined : this.#transformer.deserialize(parsed[at]),
    )
  }
}

/** Aborted when the client leaves before its answer has been written. */
function whileListening({ raw }: FastifyReply): AbortSignal {
  const listening = new AbortController()
  raw.once('close', () => {
    if (!raw.writableEnded) listening.abort()
  })
  return listening.signal
}

/** Fastify's own would add a charset to the content type. Its error handlers send objects. */
const asText = (payload: unknown) => (typeof payload === 'string' ? payload : JSON.stringify(payload))

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isIterable = (value: unknown) => isObject(value) && Symbol.asyncIterator in value

function isPromise(value: unknown): boolean {
  if (!isObject(value) && typeof value !== 'function') return false
  const { then, catch: catches } = value as Partial<Promise<unknown>>
  return typeof then === 'function' && typeof catches === 'function'
}

/** What JSON cannot wait for. */
const isStream = (data: unknown) =>
  isObject(data) && (isIterable(data) || Object.values(data).some((value) => isPromise(value) || isIterable(value)))

const streamRefused = () =>
  new TRPCError({
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: 'Cannot use stream-like response in non-streaming request - use httpBatchStreamLink',
  })
