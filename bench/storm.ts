/**
 * What sockets that reconnect together cost other users: each follows a draft and resumes from its cursor; all are cut at once,
 * by their network (the server is warm) and by a `kill -9` of the server (it is cold). Latencies of another user who requests `/me`
 * repeatedly meanwhile, as ratios to before; and the time until every socket receives again.
 *
 * node storm.ts [sockets …]      default 1000 5000; needs `npm run build`
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ask, start } from './child.ts'
import { benchEnvironment } from './environment.ts'
import { percentile, rounded } from './figures.ts'
import { OwnDatabase } from './own-database.ts'
import { freePort } from './plinth-process.ts'
import type { Latencies } from './storm-asker.ts'
import { StormFollower } from './storm-follower.ts'

const socketsOfEach = 20
const channels = 50
const idleMs = 3_000

const sizes = process.argv.slice(2).map(Number)
for (const size of sizes.length > 0 ? sizes : [1000, 5000]) await measure(size)

async function measure(size: number): Promise<void> {
  const database = await OwnDatabase.create()
  const port = await freePort()
  const environment = { PATH: process.env.PATH, ...benchEnvironment(database.url), PORT: String(port) }
  let server = await startServer(port, environment)
  const asker = start('storm-asker.ts', [String(port)])
  const followers: StormFollower[] = []
  try {
    const [other, ...people] = await database.people(1 + Math.ceil(size / socketsOfEach))
    const drafts = await database.drafts(people.slice(0, channels), people)
    for (let n = 0; n < size; n++) {
      const { cookie } = people[n % people.length] as { cookie: string }
      const { id } = drafts[n % drafts.length] as { id: string }
      followers.push(new StormFollower(port, cookie, id))
    }
    for (let at = 0; at < size; at += socketsOfEach) {
      await Promise.all(followers.slice(at, at + socketsOfEach).map((follower) => follower.follow()))
    }
    const askWhile = async (work: () => Promise<unknown>) => {
      await ask(asker, { begin: (other as { cookie: string }).cookie })
      await work()
      return ask<Latencies>(asker, { end: true })
    }
    const rows: Record<string, object> = {}
    const idle = await askWhile(() => delay(idleMs))
    rows.before = row(idle, idle)
    let backMs = 0
    const backAfter = async (cut: () => Promise<void>) => {
      await cut()
      const began = performance.now()
      await Promise.all(followers.map((follower) => follower.follow()))
      backMs = performance.now() - began
    }
    const warm = await askWhile(() =>
      backAfter(async () => {
        for (const follower of followers) follower.cut()
      }),
    )
    rows['cut, server warm'] = { ...row(warm, idle), 'all back, s': rounded(backMs / 1000, 1) }
    await delay(idleMs)
    const cold = await askWhile(() =>
      backAfter(async () => {
        const exited = once(server, 'exit')
        server.kill('SIGKILL')
        await exited
        server = await startServer(port, environment)
      }),
    )
    rows['killed, server cold'] = { ...row(cold, idle), 'all back, s': rounded(backMs / 1000, 1) }
    console.log(`\n${size} sockets that come back together; another user's requests, ms`)
    console.table(rows)
  } finally {
    for (const follower of followers) follower.cut()
    asker.kill()
    const exited = once(server, 'exit')
    server.kill()
    await exited
    await database.drop()
  }
}

function row({ taken, refused }: Latencies, { taken: idle }: Latencies) {
  return {
    p50: rounded(percentile(taken, 50), 1),
    p99: rounded(percentile(taken, 99), 1),
    'p99 x before': rounded(percentile(taken, 99) / percentile(idle, 99), 1),
    most: rounded(Math.max(...taken), 1),
    answered: taken.length,
    'refused with 503': refused,
  }
}

/** Resolves when it is ready. */
async function startServer(port: number, environment: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const server = spawn(process.execPath, [join(import.meta.dirname, '../dist/main.js')], {
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const isReady = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
  while (!(await isReady())) {
    if (server.exitCode !== null) throw new Error('the server did not become ready')
    await delay(10)
  }
  return server
}
