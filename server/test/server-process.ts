/** A program of built-programs.ts in a process of its own, with nothing of our environment but what is given. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { inject } from 'vitest'
import { settings } from '../platform/config/settings.ts'
import type { LogLine } from './app.ts'
import { until } from './until.ts'

/** Set and empty is as good as absent, and keeps what a developer has in `.env` out. */
const nothingSet = Object.fromEntries(Object.keys(settings).map((name) => [name, '']))
const running = new Set<ChildProcess>()

/** The server, the commands of an operator, or a program that only tests have. */
export type Program = 'main' | 'plinth' | 'folder-lock-child' | 'folder-writer-child' | 'herd-child'
export const programPath = (program: Program) => join(inject('builtPrograms'), `${program}.js`)

export class ServerProcess {
  readonly child: ChildProcess
  readonly startedAt = performance.now()
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null; afterMs: number }>
  stdout = ''
  stderr = ''

  /** Runs until it ends, is killed, or the tests of the file are over. */
  constructor(environment: Record<string, string | undefined>, program: Program = 'main', args: string[] = []) {
    const { PATH } = process.env
    const NODE_COMPILE_CACHE = join(inject('builtPrograms'), 'compile-cache')
    // Programs of tests end before optimized WebAssembly is worth its compilation, half of what a start costs.
    this.child = spawn(process.execPath, ['--liftoff-only', programPath(program), ...args], {
      env: { PATH, NODE_COMPILE_CACHE, ...nothingSet, ...environment } as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.add(this.child)
    this.child.stdout?.setEncoding('utf8').on('data', (text) => {
      this.stdout += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.stderr += text
    })
    this.exited = once(this.child, 'close').then(([code, signal]) => {
      running.delete(this.child)
      return { code, signal, afterMs: performance.now() - this.startedAt }
    })
  }

  get pid(): number {
    return this.child.pid as number
  }

  get logs(): LogLine[] {
    // What comes after the last end of a line is still being written.
    return this.stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
  }

  get errorLogs(): LogLine[] {
    return this.logs.filter((line) => line.level >= 50)
  }

  /** Where it listens; the settings should say PORT=0. */
  async origin(): Promise<string> {
    return until(`a server listening; it said:\n${this.stdout}${this.stderr}`, () => {
      if (!running.has(this.child)) throw new Error(`it ended: ${this.stdout}${this.stderr}`)
      return /http:\/\/127\.0\.0\.1:\d+/.exec(this.logs.find((line) => /listening/.test(line.msg))?.msg ?? '')?.[0]
    })
  }

  async get(path: string): Promise<{ status: number; headers: Headers; body: unknown; tookMs: number }> {
    const origin = await this.origin()
    const began = performance.now()
    const answer = await fetch(origin + path, { headers: { connection: 'close' } })
    const text = await answer.text()
    const tookMs = performance.now() - began
    return { status: answer.status, headers: answer.headers, body: text && JSON.parse(text), tookMs }
  }

  /** Milliseconds from its start until /readyz said 200. */
  async ready(): Promise<number> {
    await until('/readyz answers 200', async () => (await this.get('/readyz')).status === 200)
    return performance.now() - this.startedAt
  }

  kill(signal: NodeJS.Signals = 'SIGTERM') {
    this.child.kill(signal)
    return this.exited
  }
}

/** Of a test file that is over. */
export async function endServerProcesses(): Promise<void> {
  const left = [...running]
  for (const child of left) child.kill('SIGKILL')
  await Promise.all(left.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'close')))
}
