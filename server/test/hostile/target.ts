/**
 * The server under attack: the real program as a process of its own, so that a crash is a crash, and what it holds is asked of Node's
 * inspector, from outside and after a forced collection. Nothing is added to the program for it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import { settings } from '../../platform/config/settings.ts'
import { program } from '../chaos/instance.ts'
import { until } from '../until.ts'
import { marks } from './dictionary.ts'

/** Set and empty is as good as absent, and keeps what a developer has in `.env` out. */
const nothingSet = Object.fromEntries(Object.keys(settings).map((name) => [name, '']))
/** What Node says of its inspector. */
const ofInspector = /^(Debugger |For help, see|Waiting for the debugger)/

export interface Vitals {
  /** What is held after a collection: the heap, and what hangs on it. Bytes. */
  held: number
  resident: number
  /** Sockets, timers and so on that keep the process going, by Node's name for them. */
  resources: Record<string, number>
  /** Connections that others made to it; its own, such as those to the database, grow with the load up to a bound of their own. */
  accepted: number
  /** Names that every object has, should somebody have added one. */
  inherited: string[]
}

const look = `(() => {
  const { heapUsed, external, rss } = process.memoryUsage()
  const resources = {}
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1
  const accepted = process._getActiveHandles().filter((handle) => handle.server).length
  const inherited = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Number.prototype]
    .flatMap((prototype) => Object.getOwnPropertyNames(prototype))
  return { held: heapUsed + external, resident: rss, resources, accepted, inherited }
})()`

const shownOfALine = 600

export class Target {
  readonly origin: string
  /** What should never be: lines of the log that say error, words on stderr, secrets in either, and an end that nobody asked for. */
  readonly troubles: string[] = []
  readonly #child: ChildProcess
  readonly #log: WriteStream
  #inspector = ''
  #lines = 0
  #ending = false

  /** Listening, and ready. */
  static async start(environment: Record<string, string>, log: string): Promise<Target> {
    const child = spawn(process.execPath, ['--inspect=127.0.0.1:0', program()], {
      env: { PATH: process.env.PATH, ...nothingSet, ...environment, HOST: '127.0.0.1', PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const target = new Target(child, createWriteStream(log))
    Object.assign(target, { origin: await target.#listening() })
    await until('the server is ready', async () => (await fetch(`${target.origin}/readyz`)).ok)
    return target
  }

  private constructor(child: ChildProcess, log: WriteStream) {
    this.origin = ''
    this.#child = child
    this.#log = log
    child.once('exit', (code, signal) => {
      if (!this.#ending) this.troubles.push(`the server ended by itself (${code ?? signal})`)
    })
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get lines(): number {
    return this.#lines
  }

  async vitals(): Promise<Vitals> {
    const ws = new WebSocket(this.#inspector)
    await once(ws, 'open')
    let last = 0
    const ask = async (method: string, params = {}) => {
      const id = ++last
      ws.send(JSON.stringify({ id, method, params }))
      for (;;) {
        const [data] = (await once(ws, 'message', { signal: AbortSignal.timeout(30_000) })) as [Buffer]
        const answer = JSON.parse(data.toString())
        if (answer.id === id) return answer.result
      }
    }
    // Finalisers run between the two, and let go of more.
    for (let n = 0; n < 2; n++) await ask('HeapProfiler.collectGarbage')
    const { result } = await ask('Runtime.evaluate', { expression: look, returnByValue: true })
    ws.terminate()
    return result.value
  }

  /** With what its exit code says. */
  async end(): Promise<void> {
    this.#ending = true
    if (this.isAlive) {
      const exited = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      const late = setTimeout(() => this.#child.kill('SIGKILL'), 20_000)
      const [code, signal] = await exited
      clearTimeout(late)
      if (code !== 0) this.troubles.push(`the server ended with ${code ?? signal} when told to`)
    }
    await new Promise((resolve) => this.#log.end(resolve))
  }

  #listening(): Promise<string> {
    return new Promise((resolve, reject) => {
      const early = () => reject(new Error(`the server ended before it listened: ${this.troubles.join('\n')}`))
      this.#child.once('close', early)
      createInterface(this.#child.stderr as NodeJS.ReadableStream).on('line', (line) => {
        this.#log.write(`${line}\n`)
        this.#inspector ||= /^Debugger listening on (ws:\S+)/.exec(line)?.[1] ?? ''
        if (!ofInspector.test(line)) this.troubles.push(`stderr: ${line.slice(0, shownOfALine)}`)
      })
      createInterface(this.#child.stdout as NodeJS.ReadableStream).on('line', (line) => {
        this.#log.write(`${line}\n`)
        this.#lines++
        this.#judge(line)
        const [, origin] = /(http:\/\/127\.0\.0\.1:\d+)/.exec(line) ?? []
        if (origin && /listening/.test(line)) resolve(origin)
      })
    })
  }

  #judge(line: string): void {
    for (const what of logFaults(line)) this.troubles.push(`the log ${what}: ${line.slice(0, shownOfALine)}`)
  }
}

/** What a line of the log should not be. */
export function logFaults(line: string): string[] {
  let level: unknown
  try {
    ;({ level } = JSON.parse(line))
  } catch {
    return ['has a line that is no JSON']
  }
  const kept = [marks.secret, marks.text, '@example.org'].filter((mark) => line.includes(mark))
  return [...(Number(level) >= 50 ? ['says error'] : []), ...kept.map((mark) => `holds what was sent (${mark})`)]
}
