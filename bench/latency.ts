/**
 * From a mutation to another client's screen: the whole server in a process of its own, on a real Postgres; appends over HTTP at a
 * fixed rate, each seen by a subscriber of its draft over WebSocket. The schedule is open: a mutation is due at its time whether or
 * not earlier ones were answered, and its latency counts from then, so a server that stalls cannot hide it (coordinated omission).
 *
 * node latency.ts [rate]      default 500 a second
 */
import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { v7 } from 'uuid'
import { publicUrl } from './environment.ts'
import { median, percentile, rounded } from './figures.ts'
import { ageMs, markOf, nowUs, openMarkedSocket } from './marked-socket.ts'
import { OwnDatabase, type Person, type Seeded } from './own-database.ts'
import { PlinthProcess } from './plinth-process.ts'

const rate = Number(process.argv[2] ?? 500)
const writers = 100
/** Until the code that runs is the optimised one: the first half minute has twice the tail. */
const warmUpS = 30
const rounds = 5
const roundS = 12
const drainMs = 2000
/** About the size of a paragraph. */
const text = 'x'.repeat(280)

interface Round {
  beganUs: number
  seenMs: number[]
  answeredMs: number[]
  lateMs: number[]
  failed: number
  perSecond: number
  serverCores: number
  clientCores: number
}

const database = await OwnDatabase.create()
let plinth: PlinthProcess | undefined
const agent = new Agent({ keepAlive: true, maxSockets: 256 })
let current: Round | null = null
try {
  plinth = await PlinthProcess.start(database.url)
  const people = await database.people(writers + 4)
  const [readers, owners] = [people.slice(0, 4), people.slice(4)]
  const drafts = await database.drafts(owners, readers)
  for (const [n, { id: draftId }] of drafts.entries()) {
    const follow = { id: 1, method: 'subscription', params: { path: 'drafts.onEvent', input: { draftId } } }
    await openMarkedSocket(
      {
        port: plinth.port,
        path: '/trpc',
        headers: headersOf(readers[n % readers.length] as Person),
        hello: [JSON.stringify(follow)],
      },
      (bytes, at) => {
        const age = ageMs(bytes, at)
        // Not what an earlier round left behind.
        if (current && nowUs() - age * 1000 >= current.beganUs - 1) current.seenMs.push(age)
      },
      '"ready"',
    )
  }
  await run(plinth, drafts, owners, warmUpS)
  const results: Round[] = []
  for (let n = 0; n < rounds; n++) results.push(await run(plinth, drafts, owners, roundS))
  print(results)
} finally {
  agent.destroy()
  await plinth?.stop()
  await database.drop()
}
process.exit()

async function run(plinth: PlinthProcess, drafts: Seeded[], owners: Person[], seconds: number): Promise<Round> {
  const round: Round = {
    beganUs: 0,
    seenMs: [],
    answeredMs: [],
    lateMs: [],
    failed: 0,
    perSecond: 0,
    serverCores: 0,
    clientCores: 0,
  }
  const before = await plinth.used()
  const cpu = process.cpuUsage()
  const [beganUs, stepUs, total] = [nowUs(), 1e6 / rate, Math.round(rate * seconds)]
  round.beganUs = beganUs
  current = round
  const answers: Promise<void>[] = []
  while (answers.length < total) {
    for (const now = nowUs(); answers.length < total && beganUs + answers.length * stepUs <= now; ) {
      const n = answers.length
      answers.push(
        append(plinth.port, drafts[n % writers] as Seeded, owners[n % writers] as Person, beganUs + n * stepUs, round),
      )
    }
    await delay(1)
  }
  await Promise.all(answers)
  const tookS = (nowUs() - beganUs) / 1e6
  const { user, system } = process.cpuUsage(cpu)
  for (const deadline = performance.now() + drainMs; round.seenMs.length < total && performance.now() < deadline; )
    await delay(5)
  current = null
  round.perSecond = round.answeredMs.length / tookS
  round.serverCores = ((await plinth.used()).cpuS - before.cpuS) / tookS
  round.clientCores = (user + system) / 1e6 / tookS
  return round
}

function append(port: number, draft: Seeded, owner: Person, dueUs: number, round: Round): Promise<void> {
  const body = JSON.stringify({ draftId: draft.id, segmentId: v7(), text: markOf(dueUs) + text })
  round.lateMs.push((nowUs() - dueUs) / 1000)
  return new Promise((resolve) => {
    const failed = () => {
      round.failed++
      resolve()
    }
    const sent = request(
      {
        port,
        agent,
        host: '127.0.0.1',
        method: 'POST',
        path: '/trpc/drafts.append',
        headers: { ...headersOf(owner), 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (answer) => {
        answer.resume().once('end', () => {
          if (answer.statusCode !== 200) return failed()
          round.answeredMs.push((nowUs() - dueUs) / 1000)
          resolve()
        })
      },
    )
    sent.once('error', failed).end(body)
  })
}

function headersOf({ cookie }: Person): Record<string, string> {
  return { cookie, origin: publicUrl }
}

function print(results: Round[]) {
  const total = Math.round(rate * roundS)
  const of = (values: (round: Round) => number[], percent: number) =>
    rounded(median(results.map((round) => percentile(values(round), percent))), 1)
  if (results.some((round) => round.failed > 0 || round.perSecond < 0.98 * rate)) {
    console.log('The rate was NOT reached: what follows is the length of a queue, and says nothing about latency.')
  }
  if (results.some((round) => round.seenMs.length !== total)) {
    console.log('Not every append was seen: a reader was lost, or the server loses events. These figures say nothing.')
    process.exitCode = 1
  }
  const row = (values: (round: Round) => number[]) => ({
    'p50 ms': of(values, 50),
    'p95 ms': of(values, 95),
    'p99 ms': of(values, 99),
    'worst ms': rounded(Math.max(...results.flatMap((round) => percentile(values(round), 100))), 1),
  })
  console.log(
    `\n${rate} appends a second were due to ${writers} drafts, ${rounds} times ${roundS} s; medians of the rounds`,
  )
  console.table({
    'seen by another client': row((round) => round.seenMs),
    'answered to the writer': row((round) => round.answeredMs),
    'sent after it was due': row((round) => round.lateMs),
  })
  console.table(
    results.map((round) => ({
      'answered / s': Math.round(round.perSecond),
      failed: round.failed,
      'seen, of due': `${round.seenMs.length} of ${total}`,
      'p99 ms': rounded(percentile(round.seenMs, 99), 1),
      'server, cores': rounded(round.serverCores, 2),
      'this process, cores': rounded(round.clientCores, 2),
    })),
  )
}
