/**
 * What one socket that floods the server costs other users: a new account sends ten thousand calls on one WebSocket without waiting for
 * an answer, with the limit that signed-in users have by default, while another user asks for their tasks over and over. Latencies of
 * that user before, during and after it, as ratios to before; the server's memory; and the responses to the flood.
 *
 * node flood.ts [frames]      default 10000; needs `npm run build`
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import WebSocket from 'ws'
import { benchEnvironment, publicUrl } from './environment.ts'
import { percentile, rounded } from './figures.ts'
import { OwnDatabase } from './own-database.ts'
import { freePort } from './plinth-process.ts'

const frames = Number(process.argv[2] ?? 10_000)
/** Of 600 calls that the user has in a minute. */
const askedPerPhase = 180

const database = await OwnDatabase.create()
const port = await freePort()
const url = `http://127.0.0.1:${port}`
const server = spawn(process.execPath, [join(import.meta.dirname, '../dist/main.js')], {
  env: {
    PATH: process.env.PATH,
    ...benchEnvironment(database.url),
    PORT: String(port),
    RATE_LIMIT_SIGNED_IN: '600',
  },
  stdio: ['ignore', 'ignore', 'inherit'],
})
try {
  while (
    !(await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await delay(50)
  const [flooder, other] = await Promise.all(['flooder', 'other'].map(register))
  const latencies: Record<string, number[]> = {}
  latencies.before = await askFor(askedPerPhase, other as string)
  const before = residentMiB()
  let most = before
  const flood = floodWith(flooder as string)
  latencies.during = await askFor(askedPerPhase, other as string, () => {
    most = Math.max(most, residentMiB())
  })
  const outcomes = await flood
  latencies.after = await askFor(askedPerPhase, other as string)
  report(latencies, outcomes)
  console.log(`Memory: ${before} MiB before, ${most} at most, ${residentMiB()} afterwards`)
} finally {
  const exited = once(server, 'exit')
  server.kill()
  await exited
  await database.drop()
}

async function register(name: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: name, email: `${name}@example.org`, password: 'Horse-battery-7' }),
  })
  const { data } = (await answer.json()) as { data: { accessToken: string } }
  return data.accessToken
}

/** Milliseconds of each call, one after the other. */
async function askFor(times: number, token: string, look = () => {}): Promise<number[]> {
  const taken: number[] = []
  for (let n = 0; n < times; n++) {
    const began = performance.now()
    const { status } = await fetch(`${url}/api/v1/tasks`, { headers: { authorization: `Bearer ${token}` } })
    taken.push(performance.now() - began)
    if (status !== 200) throw new Error(`the other user got status ${status}`)
    if (n % 10 === 0) look()
  }
  return taken
}

/** Resolves to how many answers of each code there were, and how the socket ended. */
async function floodWith(token: string): Promise<Map<string, number>> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`, {
    origin: publicUrl,
    headers: { authorization: `Bearer ${token}` },
  })
  const outcomes = new Map<string, number>()
  socket.on('message', (text) => {
    const message = JSON.parse(String(text)) as { error?: { data: { code: string } } }
    const code = message.error?.data.code ?? 'a result'
    outcomes.set(code, (outcomes.get(code) ?? 0) + 1)
  })
  await once(socket, 'open')
  for (let id = 1; id <= frames; id++)
    socket.send(JSON.stringify({ id, method: 'query', params: { path: 'tasks.list' } }))
  const [code, reason] = await once(socket, 'close')
  return outcomes.set(`closed with ${code} ${reason}`, 1)
}

function residentMiB(): number {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8')) ?? []
  return Math.round(Number(kib) / 1024)
}

function report(latencies: Record<string, number[]>, outcomes: Map<string, number>): void {
  const idle = latencies.before as number[]
  console.log(`\n${frames} calls on one socket; another user's calls, ms`)
  console.table(
    Object.fromEntries(
      Object.entries(latencies).map(([phase, taken]) => [
        phase,
        {
          p50: rounded(percentile(taken, 50), 1),
          p99: rounded(percentile(taken, 99), 1),
          'p99 x before': rounded(percentile(taken, 99) / percentile(idle, 99), 1),
          most: rounded(Math.max(...taken), 1),
        },
      ]),
    ),
  )
  console.log(`Responses to the flood: ${[...outcomes].map(([what, times]) => `${times} x ${what}`).join(', ')}`)
}
