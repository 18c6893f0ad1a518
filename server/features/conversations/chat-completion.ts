/**
 * The assistant: a server with an OpenAI-compatible API, asked for one answer and read as it speaks. It is trusted with nothing: how
 * long it may be silent and how much it may send is bounded here, and of its errors only codes are taken.
 */
import { createParser } from 'eventsource-parser'
import { z } from 'zod'
import type { MessageRole } from '../../../shared/conversations.ts'
import type { Config } from '../../platform/config/config.ts'
import { AnswerFault } from './answer-fault.ts'

export interface CompletionTimes {
  /** Until it answers at all. */
  firstByteMs: number
  /** Between two of its words. */
  pauseMs: number
}

const wholeMs = 15 * 60_000
/** Far more than an answer of the greatest length takes, each of its words in an event of its own. */
const maxBytes = 16 * 2 ** 20
const maxEventLength = 2 ** 20

const Chunk = z.object({
  error: z.unknown().optional(),
  choices: z
    .array(
      z.object({
        delta: z.object({ content: z.string().nullish() }).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
})

export interface Asking {
  messages: { role: MessageRole; content: string }[]
  /** Ends it at once. */
  signal: AbortSignal
  times: CompletionTimes
}

/** What it says, bit by bit, until it says that this was all. @throws AnswerFault, and what is thrown at the end of `signal` */
export async function* complete(
  assistant: NonNullable<Config['assistant']>,
  { messages, signal, times }: Asking,
): AsyncGenerator<string> {
  const tooLong = new AbortController()
  let patience = setTimeout(() => tooLong.abort(), times.firstByteMs)
  const ended = AbortSignal.any([signal, tooLong.signal, AbortSignal.timeout(wholeMs)])
  try {
    const response = await request(assistant, messages, ended)
    for await (const chunk of textOf(response, () => {
      clearTimeout(patience)
      patience = setTimeout(() => tooLong.abort(), times.pauseMs)
    })) {
      const { error, choices } = chunk
      if (error !== undefined && error !== null) throw new AnswerFault('refused', `in its answer: ${codesOf(chunk)}`)
      const [choice] = choices ?? []
      if (choice?.delta?.content) yield choice.delta.content
      if (choice?.finish_reason) return
    }
  } catch (error) {
    if (error instanceof AnswerFault || signal.aborted) throw error
    throw new AnswerFault('cut', ended.aborted ? 'silent for too long' : codeOf(error))
  } finally {
    clearTimeout(patience)
  }
}

async function request(
  { completionsUrl, apiKey, model }: NonNullable<Config['assistant']>,
  messages: Asking['messages'],
  signal: AbortSignal,
): Promise<Response> {
  const response = await fetch(completionsUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(apiKey !== null && { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify({ model, messages, stream: true }),
    // Elsewhere is not where the operator sends what people write.
    redirect: 'manual',
    signal,
  }).catch((error) => {
    throw new AnswerFault('unreachable', signal.aborted ? 'no answer in time' : codeOf(error))
  })
  if (response.ok) return response
  const { status } = response
  const codes = codesOf(await beginningOf(response))
  throw new AnswerFault(status === 429 || status === 503 ? 'busy' : 'refused', `${status} ${codes}`.trim())
}

/** Until `[DONE]`. @throws AnswerFault when it breaks off, sends what is no JSON, or too much; and what the network throws */
async function* textOf(response: Response, onBytes: () => void): AsyncGenerator<z.infer<typeof Chunk>> {
  const events: string[] = []
  let isTooLong = false
  const parser = createParser({
    maxBufferSize: maxEventLength,
    onEvent: ({ data }) => void events.push(data),
    onError: ({ type }) => {
      isTooLong ||= type === 'max-buffer-size-exceeded'
    },
  })
  const decoder = new TextDecoder()
  let bytes = 0
  onBytes()
  for await (const part of response.body ?? []) {
    onBytes()
    bytes += part.byteLength
    parser.feed(decoder.decode(part, { stream: true }))
    for (const data of events.splice(0)) {
      if (data === '[DONE]') return
      const chunk = Chunk.safeParse(parseJson(data))
      if (!chunk.success) throw new AnswerFault('cut', 'garbled')
      yield chunk.data
    }
    if (isTooLong || bytes > maxBytes) throw new AnswerFault('too-long', 'more bytes than any answer has')
  }
  throw new AnswerFault('cut', 'ended without an end')
}

/** Undefined when it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const codesLength = 8_192

async function beginningOf(response: Response): Promise<unknown> {
  let text = ''
  try {
    const decoder = new TextDecoder()
    for await (const part of response.body ?? []) {
      text += decoder.decode(part, { stream: true })
      if (text.length > codesLength) return undefined
    }
  } catch {
    return undefined
  }
  return parseJson(text)
}

const Code = z
  .string()
  .regex(/^[a-z_]{1,40}$/)
  .optional()
  .catch(undefined)
const Refusal = z.object({ error: z.object({ type: Code, code: Code }) })

/** Such as `invalid_request_error model_not_found`: of a form that no key has. */
function codesOf(body: unknown): string {
  const { type, code } = Refusal.safeParse(body).data?.error ?? {}
  return [type, code].filter(Boolean).join(' ')
}

function codeOf(error: unknown): string {
  const { code } = (error instanceof Error ? (error.cause ?? error) : {}) as { code?: unknown }
  return typeof code === 'string' ? code : 'failed'
}
