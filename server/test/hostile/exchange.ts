/** Bytes to a server and what it says to them: HTTP without a client's help, so that anything at all can be said. */
import { connect } from 'node:net'
import type { Answer } from './judge.ts'

export interface Exchanged {
  /** Whole ones; of a stream its beginning. */
  answers: Answer[]
  /** What came after them, and is none. */
  rest: string
  /** It neither answered nor hung up in time. */
  late: boolean
}

export interface Saying {
  /** Of each request in turn: the answer to a HEAD has no body, whatever its headers say. */
  methods: string[]
  /** When so many came nothing more is waited for. */
  answers: number
  /** How long to wait for them. */
  withinMs: number
  /** When so many came, more are waited for only this long. */
  enough?: { answers: number; patienceMs: number }
  /** Hangs up when all is said, without waiting for anything. */
  leaves?: boolean
  /** Between the parts of what is said. */
  pauseMs?: number
}

export function exchange(
  port: number,
  parts: readonly Buffer[],
  { methods, answers, withinMs, enough, leaves, pauseMs }: Saying,
) {
  return new Promise<Exchanged>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let said = Buffer.alloc(0)
    let done = false
    const finish = (late: boolean) => {
      if (done) return
      done = true
      clearTimeout(timer)
      socket.destroy()
      resolve({ ...parsed(said, methods, !late), late })
    }
    let timer = setTimeout(() => finish(true), withinMs)
    socket.on('data', (chunk) => {
      said = Buffer.concat([said, chunk])
      const had = parsed(said, methods, false).answers.length
      if (had >= answers) return finish(false)
      if (!enough || had < enough.answers) return
      clearTimeout(timer)
      timer = setTimeout(() => finish(false), enough.patienceMs)
    })
    // Cut while we still spoke: what it said before counts.
    socket.on('error', () => finish(false))
    socket.on('close', () => finish(false))
    socket.on('connect', async () => {
      for (const [at, part] of parts.entries()) {
        if (at > 0 && pauseMs) await new Promise((go) => setTimeout(go, pauseMs))
        if (!socket.destroyed) socket.write(part)
      }
      if (leaves) finish(false)
    })
  })
}

/** `over`: no more will come, so that a body without a length is whole. */
function parsed(bytes: Buffer, methods: string[], over: boolean): { answers: Answer[]; rest: string } {
  const answers: Answer[] = []
  let left = bytes
  for (;;) {
    const one = first(left, methods[answers.length] ?? 'GET', over)
    if (!one) return { answers, rest: left.toString('latin1') }
    left = left.subarray(one.length)
    // 100 Continue and the like are no answers; what follows 101 is no HTTP.
    if (one.answer.status === 101) return { answers: [...answers, one.answer], rest: '' }
    if (one.answer.status >= 200) answers.push(one.answer)
  }
}

function first(bytes: Buffer, method: string, over: boolean): { answer: Answer; length: number } | null {
  const end = bytes.indexOf('\r\n\r\n')
  const [line = '', ...lines] = bytes.subarray(0, Math.max(end, 0)).toString('latin1').split('\r\n')
  const [, code] = /^HTTP\/1\.[01] (\d{3})( |$)/.exec(line) ?? []
  if (end < 0 || !code) return null
  const status = Number(code)
  const headers: Record<string, string> = {}
  for (const one of lines) {
    const [, name = '', value = ''] = /^([^:]+): ?(.*)$/.exec(one) ?? []
    headers[name.toLowerCase()] = name.toLowerCase() in headers ? `${headers[name.toLowerCase()]}, ${value}` : value
  }
  const bodyAt = end + 4
  const whole = (body: string, length: number) => ({ answer: { status, headers, body }, length: bodyAt + length })
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return whole('', 0)
  const body = bytes.subarray(bodyAt)
  if (/chunked/i.test(headers['transfer-encoding'] ?? '')) {
    const isStream = headers['content-type']?.startsWith('text/event-stream')
    const { text, length, ended } = unchunked(body)
    // A stream has no end of its own: its first words will do.
    return ended || (isStream && text.includes('\n\n')) || over ? whole(text, ended ? length : body.length) : null
  }
  const length = headers['content-length']
  if (length === undefined) return over ? whole(body.toString(), body.length) : null
  if (body.length < Number(length) && !over) return null
  return whole(body.subarray(0, Number(length)).toString(), Math.min(Number(length), body.length))
}

function unchunked(body: Buffer): { text: string; length: number; ended: boolean } {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', at)
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(body.subarray(at, lineEnd).toString('latin1'), 16)
    if (Number.isNaN(size) || lineEnd + 4 + size > body.length) {
      return { text: Buffer.concat(chunks).toString(), length: body.length, ended: false }
    }
    if (size === 0) return { text: Buffer.concat(chunks).toString(), length: lineEnd + 4, ended: true }
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 4 + size
  }
}
