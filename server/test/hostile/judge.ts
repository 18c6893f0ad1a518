/**
 * What an answer to anything at all must be: a status that says whose fault it is, a code of the one table with it, and nothing of our
 * insides, of a secret, or for somebody who may not. Pure, so that it can be shown to see what is wrong.
 */

import type { Role } from '../../../shared/account.ts'
import { hasCapability } from '../../../shared/capabilities.ts'
import { type ErrorCode, errorTable } from '../../../shared/errors.ts'
import { publicUrl } from '../chaos/people.ts'
import { marks } from './dictionary.ts'
import { procedureNamed } from './procedures.ts'

export interface Asked {
  method: string
  /** The procedures that are called, in their order. */
  calls: readonly string[]
  /** The most that whoever asks may be, whatever the request made of their credential; null for nobody. */
  role: Role | null
  /** Where a redirect may lead beside our own pages. */
  provider: string
  /** Whose answers have, beside our codes, those of the protocol; and a failed call is a result for a model to read. */
  isMcp?: boolean
}

export interface Answer {
  status: number
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: string
}

const statuses = new Set<number>([
  ...[200, 201, 204, 206, 207, 302, 304],
  // Of files: a range that is none, a precondition that does not hold. And what was expected of us (RFC 9110 section 10.1.1).
  ...[412, 416, 417],
  ...Object.values(errorTable)
    .map(({ status }) => status)
    .filter((status) => status !== 500),
])
/** Of these HTTP has a word and no body of ours. */
const withoutCode = new Set([412, 416, 417])

/** Of a stack, of a statement, of a folder. */
const insides = [
  /(\n|\\n)\s+at .+:\d+:\d+/,
  /\bnode:internal\b|node_modules|file:\/\/\/(?!etc\/passwd)/,
  /Failed query|\bselect .{1,200} from "|\binsert into "|\bdelete from "|\bupdate ".{1,60}" set\b/i,
  /\bSQLSTATE\b|\bsyntax error at\b|\bPostgresError\b|\bDrizzle/,
]

/** In words; none when it is well. */
export function faultsOf({ method, calls, role, provider, isMcp }: Asked, { status, headers, body }: Answer): string[] {
  const faults: string[] = []
  if (!statuses.has(status)) faults.push(`was answered ${status}`)
  const location = headers.location
  if (location !== undefined && !leadsToUs(String(location), provider)) faults.push(`leads to ${location}`)
  if ('x-injected' in headers) faults.push('was given a header of its own making')
  faults.push(...faultsOfText(body))
  if (JSON.stringify(headers).includes(marks.secret)) faults.push('has a secret in the headers of its answer')
  if (method === 'HEAD' || status === 304) return faults

  // The library calls params that do not fit an internal error of JSON-RPC, with what is wrong with them: only ours counts.
  if (isMcp) return body.includes('INTERNAL_ERROR') ? [...faults, 'says INTERNAL_ERROR'] : faults

  const parsed = String(headers['content-type']).startsWith('text/event-stream') ? failureIn(body) : parse(body)
  const codes = codesIn(parsed)
  // Node refuses by itself, and without a word, what names no host.
  const isOfNode = status === 400 && body === ''
  if (status >= 400 && !withoutCode.has(status) && !isOfNode) {
    if (codes.length === 0) faults.push(`failed with ${status} and no code`)
    if (codes.length === 1 && errorTable[codes[0] as ErrorCode]?.status !== status) {
      faults.push(`says ${codes[0]} with ${status}`)
    }
  }
  for (const code of codes) if (!isFair(code)) faults.push(`says ${code}`)
  if (status < 300) faults.push(...unlawful(calls, role, parsed))
  return faults
}

/** Of one message on a socket, and the call that it answers if there is one. */
export function faultsOfMessage(text: string, call: string | undefined, role: Role | null): string[] {
  const message = parse(text)
  const faults = [...faultsOfText(text), ...(message === undefined ? ['was answered with what is no JSON'] : [])]
  for (const code of codesIn(message)) if (!isFair(code)) faults.push(`says ${code}`)
  return call === undefined ? faults : [...faults, ...unlawful([call], role, message)]
}

/** Ends of sockets that say whose fault it is. 1006: without a word. */
const fairCloses = new Set([1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1013, 4400, 4401, 4403, 4404, 4429])
export function faultsOfClose(code: number): string[] {
  return fairCloses.has(code) ? [] : [`was closed with ${code}`]
}

function faultsOfText(text: string): string[] {
  return [
    ...insides.filter((inside) => inside.test(text)).map((inside) => `shows insides (${inside})`),
    ...(text.includes(marks.secret) ? ['has a secret in its answer'] : []),
  ]
}

const isFair = (code: string) => code in errorTable && code !== 'INTERNAL_ERROR'

/** Whoever may not has been answered with data. */
function unlawful(calls: readonly string[], role: Role | null, parsed: unknown): string[] {
  const answers = Array.isArray(parsed) ? parsed : [parsed]
  return calls.flatMap((call, at) => {
    const answer = answers[at] ?? answers[0]
    const failed = typeof answer === 'object' && answer !== null && 'error' in answer
    return failed || mayCall(call, role) ? [] : [`let ${role ?? 'nobody'} call ${call}`]
  })
}

function mayCall(call: string, role: Role | null): boolean {
  const procedure = procedureNamed(call)
  const access = procedure?.access
  if (access === undefined || procedure?.publicRead || access === 'anybody' || access === 'credential') return true
  // Who is on the machine is nobody who comes by a door.
  if (role === null || access === 'operator') return false
  return access === 'signed-in' || access === 'user-or-key' || hasCapability(role, access)
}

/** The codes of a failure in any of our forms; none where it is no failure. */
function codesIn(parsed: unknown): string[] {
  if (Array.isArray(parsed)) return parsed.flatMap(codesIn)
  if (typeof parsed !== 'object' || parsed === null) return []
  const { error, type, code } = parsed as { error?: { code?: unknown; data?: { code?: unknown } } } & Record<
    string,
    unknown
  >
  // A plain socket's.
  if (type === 'error') return [String(code)]
  if (typeof error !== 'object' || error === null) return []
  return [String(error.data?.code ?? error.code)]
}

/** A stream has begun when it fails, and says so in an event. */
function failureIn(stream: string): unknown {
  const [, data] = /^event: serialized-error\ndata: (.*)$/m.exec(stream) ?? []
  return data === undefined ? undefined : { error: parse(data) }
}

function leadsToUs(location: string, provider: string): boolean {
  // Sign-in begins under the public name of this machine, where the cookies are.
  if ([provider, publicUrl].some((origin) => location.startsWith(`${origin}/`))) return true
  const base = 'http://plinth.invalid'
  return URL.canParse(location, base) && new URL(location, base).origin === base
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
