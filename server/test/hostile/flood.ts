/**
 * One new account, whose address is not confirmed, floods a server that has the default limits: 10,000 small frames on one WebSocket, and
 * 2,000 queries in batches. Meanwhile another user works. Latencies are only reported, because they depend on the machine.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import WebSocket from 'ws'
import { createPlinth } from '../../../client/plinth.ts'
import { publicUrl } from '../chaos/people.ts'
import { Bystander } from './bystander.ts'
import { type DatabaseName, prepareServer } from './environment.ts'
import { headersOf, makePeople, signIn } from './people.ts'
import { mostGrowth } from './storm.ts'
import { Target } from './target.ts'

const frames = 10_000
const batches = 100
const callsPerBatch = 20
const batchesAtOnce = 8
/** Of the other user, whose own limit is 600 calls a minute. */
const idleCalls = 100
const callsUnderFlood = 300
const answerWithinMs = 60_000
/** A line for each request would be more. */
const mostLines = (frames + batches * callsPerBatch) / 10

export interface FloodOutcome {
  /** Milliseconds, ascending. */
  idle: number[]
  underFlood: number[]
  /** How many responses to the flooder had each code; `ok` for data, and `closed <code>` for the end of the socket. */
  codes: Map<string, number>
  sentFrames: number
  grownBytes: number
  logLines: number
  logBytes: number
  faults: string[]
}

export async function flood(terms: {
  database: DatabaseName
  folder: string
  say: (line: string) => void
  signal: AbortSignal
}): Promise<FloodOutcome> {
  const { database, folder, say, signal } = terms
  const ends: (() => unknown)[] = []
  const log = join(folder, 'server.log')
  try {
    const { provider, environment } = await prepareServer({ database, folder }, ends)
    await makePeople(environment, { bystander: 'user' })
    const target = await Target.start(environment, log)
    ends.push(() => target.end())
    const credentials = await signIn(target.origin, provider, 'bystander')
    const bystander = await Bystander.come(target.origin, credentials)
    ends.push(() => bystander.leave())
    const plinth = createPlinth({ url: target.origin, headers: headersOf(credentials) })
    ends.push(() => plinth.close())
    const faults: string[] = []
    /** One of the other user's queries. */
    const timed = async (times: number[]) => {
      const began = performance.now()
      await plinth.account.me.query().catch((error) => faults.push(`the other user's query failed: ${error}`))
      times.push(performance.now() - began)
    }
    const [idle, underFlood]: [number[], number[]] = [[], []]
    const headers = { authorization: `Bearer ${await register(target.origin)}`, origin: publicUrl }
    await bystander.act()
    for (let n = 0; n < idleCalls; n++) await timed(idle)

    say(`${database}: a flood of ${frames} frames, and of ${batches * callsPerBatch} queries in batches`)
    const before = await target.vitals()
    const [linesBefore, bytesBefore] = [target.lines, statSync(log).size]
    const codes = new Map<string, number>()
    const note = (code: string) => void codes.set(code, (codes.get(code) ?? 0) + 1)
    let isOver = false
    const floods = Promise.all([
      floodSocket(target.origin, headers, note, signal),
      floodBatches(target.origin, headers, note, signal),
    ]).finally(() => {
      isOver = true
    })
    while (!isOver && !signal.aborted) {
      if (underFlood.length < callsUnderFlood) await timed(underFlood)
      if (underFlood.length % 50 === 0) await bystander.act()
      await delay(5)
    }
    const [sentFrames] = await floods
    await bystander.act()
    await bystander.look()
    const [logLines, logBytes] = [target.lines - linesBefore, statSync(log).size - bytesBefore]
    const grownBytes = (await target.vitals()).held - before.held
    bystander.leave()
    await target.end()

    if (!codes.has('RATE_LIMITED')) faults.push('the flooder was never refused with RATE_LIMITED')
    if (!codes.has('closed 4429')) faults.push('the socket of the flooder was not closed with 4429')
    if (grownBytes > mostGrowth)
      faults.push(`the server holds ${Math.round(grownBytes / 2 ** 20)} MiB more than before`)
    if (logLines > mostLines) faults.push(`the log has ${logLines} lines of the flood`)
    faults.push(...target.troubles, ...bystander.troubles)
    const ascending = (times: number[]) => times.toSorted((a, b) => a - b)
    return {
      idle: ascending(idle),
      underFlood: ascending(underFlood),
      codes,
      sentFrames,
      grownBytes,
      logLines,
      logBytes,
      faults,
    }
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

/** Returns the access token of a new account, whose address is not confirmed. */
async function register(origin: string): Promise<string> {
  const response = await fetch(`${origin}/trpc/auth.register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: publicUrl },
    body: JSON.stringify({ username: 'flooder', email: 'flooder@example.org', password: 'gr0wing-Tomatoes' }),
  })
  const { result } = (await response.json()) as { result?: { data: { accessToken: string } } }
  if (!result) throw new Error(`the flooder could not register: ${response.status}`)
  return result.data.accessToken
}

type Note = (code: string) => void

/** Returns how many frames were sent before the server closed the socket. */
async function floodSocket(
  origin: string,
  headers: Record<string, string>,
  note: Note,
  signal: AbortSignal,
): Promise<number> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/trpc`, { headers })
  const closed = new Promise<void>((resolve) => {
    socket.on('error', () => {})
    socket.on('close', (code) => {
      note(`closed ${code}`)
      resolve()
    })
  })
  let responses = 0
  socket.on('message', (data) => {
    responses++
    note(codeOf(JSON.parse(String(data))))
  })
  await Promise.race([closed, new Promise((resolve) => socket.once('open', resolve))])
  let sent = 0
  for (; sent < frames && socket.readyState === WebSocket.OPEN && !signal.aborted; sent++) {
    socket.send(JSON.stringify({ id: sent, method: 'query', params: { path: 'account.me' } }))
    if (sent % 100 === 99) await new Promise((resolve) => setImmediate(resolve))
  }
  const deadline = performance.now() + answerWithinMs
  while (socket.readyState === WebSocket.OPEN && responses < sent && performance.now() < deadline) await delay(50)
  socket.terminate()
  await closed
  return sent
}

async function floodBatches(
  origin: string,
  headers: Record<string, string>,
  note: Note,
  signal: AbortSignal,
): Promise<void> {
  const path = Array(callsPerBatch).fill('account.me').join()
  let left = batches
  const work = async () => {
    while (left-- > 0 && !signal.aborted) {
      const response = await fetch(`${origin}/trpc/${path}?batch=1&input=%7B%7D`, { headers })
      const body = (await response.json()) as unknown
      for (const answer of Array.isArray(body) ? body : [body]) note(codeOf(answer))
    }
  }
  await Promise.all(Array.from({ length: batchesAtOnce }, work))
}

function codeOf(answer: unknown): string {
  const { error } = (answer ?? {}) as { error?: { data?: { code?: string } } }
  return error ? (error.data?.code ?? 'none') : 'ok'
}
