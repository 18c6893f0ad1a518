/** The whole server in a process of its own, as `npm start` runs it, with a probe in it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ask } from './child.ts'
import { benchEnvironment } from './environment.ts'
import type { Used } from './probe.ts'

const readyWithinMs = 60_000

export class PlinthProcess {
  readonly port: number
  readonly #child: ChildProcess

  /** Resolves when it is ready, so also migrated. */
  static async start(databaseUrl: string): Promise<PlinthProcess> {
    const port = await freePort()
    const child = fork(join(import.meta.dirname, '../server/main.ts'), {
      env: { PATH: process.env.PATH, ...benchEnvironment(databaseUrl), PORT: String(port) },
      execArgv: [
        '--expose-gc',
        '--import',
        join(import.meta.dirname, 'probe.ts'),
        ...(process.env.BENCH_NODE_OPTIONS?.split(' ') ?? []),
      ],
      // Its log goes nowhere: reading it would be work of the load generator.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const plinth = new PlinthProcess(port, child)
    const deadline = performance.now() + readyWithinMs
    while (!(await plinth.#ready())) {
      if (child.exitCode !== null || performance.now() > deadline) {
        child.kill()
        throw new Error('the server did not become ready')
      }
      await delay(50)
    }
    return plinth
  }

  constructor(port: number, child: ChildProcess) {
    this.port = port
    this.#child = child
  }

  /** `collect`: after collecting all garbage, which slows down what comes next. */
  used(collect = false): Promise<Used> {
    return ask(this.#child, { collect })
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill()
    await exited
  }

  async #ready(): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.port}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    )
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
