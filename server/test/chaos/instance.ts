/**
 * One server as a process of its own, killed and started again at will, between its two proxies: clients reach it by the one, it
 * reaches Postgres by the other, and both keep their ports over its lives.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, readdirSync, statSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageFolder } from '../../platform/config/package-folder.ts'
import { settings } from '../../platform/config/settings.ts'
import { until } from '../until.ts'
import { ClientProxy } from './fault-proxy.ts'
import type { PostgresProxy } from './postgres-proxy.ts'

/** Set and empty is as good as absent, and keeps what a developer has in `.env` out. */
const nothingSet = Object.fromEntries(Object.keys(settings).map((name) => [name, '']))

export class Instance {
  readonly name: string
  readonly clients = new ClientProxy()
  readonly database: PostgresProxy | null
  readonly #environment: Record<string, string>
  readonly #log: WriteStream
  #child: ChildProcess | null = null
  #closing = false
  /** Faults of one instance take turns: one that is starting is not started again. */
  #turn: Promise<unknown> = Promise.resolve()
  /** What should never be: lines of the log that say error, and ends that nobody asked for. */
  readonly troubles: string[] = []

  constructor(name: string, environment: Record<string, string>, database: PostgresProxy | null, folder: string) {
    this.name = name
    this.#environment = environment
    this.database = database
    this.#log = createWriteStream(join(folder, `${name}.log`))
  }

  get url(): string {
    return `http://127.0.0.1:${this.clients.port}`
  }

  async open(): Promise<void> {
    await this.clients.listen()
    await this.start()
    await until(`${this.name} is ready`, async () => (await fetch(`${this.url}/readyz`)).ok)
  }

  /** Ends it with `signal` and starts it again after `downMs`. Resolves when it listens. */
  restart(signal: NodeJS.Signals, downMs: number): Promise<void> {
    const restarted = this.#turn.then(async () => {
      await this.end(signal)
      await new Promise((resolve) => setTimeout(resolve, downMs))
      await this.start()
    })
    this.#turn = restarted.catch(() => {})
    return restarted
  }

  /** Stops it for `ms` with all its connections open. */
  pause(ms: number): Promise<void> {
    const paused = this.#turn.then(async () => {
      const child = this.#child
      child?.kill('SIGSTOP')
      await new Promise((resolve) => setTimeout(resolve, ms))
      child?.kill('SIGCONT')
    })
    this.#turn = paused.catch(() => {})
    return paused
  }

  async start(): Promise<void> {
    if (this.#closing) return
    const child = spawn(process.execPath, [program()], {
      env: { PATH: process.env.PATH, ...nothingSet, ...this.#environment } as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    child.once('exit', (code, signal) => {
      if (this.#child !== child) return
      this.clients.target = 0
      this.troubles.push(`${this.name} ended by itself (${code ?? signal})`)
    })
    child.stderr.on('data', (text) => {
      this.#log.write(text)
      this.troubles.push(`${this.name} wrote to stderr: ${String(text).slice(0, 300)}`)
    })
    const port = await new Promise<number>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`${this.name} ended before it listened`)))
      createInterface(child.stdout).on('line', (line) => {
        this.#log.write(`${line}\n`)
        const { level = 0, msg = '', err }: { level?: number; msg?: string; err?: { message: string } } = parsed(line)
        if (level >= 50) this.troubles.push(`${this.name} logged: ${msg} ${err?.message ?? ''}`)
        const [, listening] = /listening.*:(\d+)/.exec(msg) ?? []
        if (listening) resolve(Number(listening))
      })
    })
    this.clients.target = port
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = null
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    // One that is told to end goes on for those whom it serves; new lines find nobody.
    this.clients.target = 0
    const [code] = await exited
    if (signal === 'SIGTERM' && code !== 0) this.troubles.push(`${this.name} ended with ${code} when told to`)
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.end('SIGKILL')
    await this.#turn
    this.clients.close()
    this.database?.close()
    this.#log.end()
  }
}

function parsed(line: string) {
  try {
    return JSON.parse(line)
  } catch {
    return {}
  }
}

/** The bundle, which starts in a third of the time, unless something of the source is newer. */
export function program(): string {
  const bundle = join(packageFolder, 'dist', 'main.js')
  const source = join(packageFolder, 'server', 'main.ts')
  if (!existsSync(bundle)) return source
  const built = statSync(bundle).mtimeMs
  const isNewer = ['server', 'shared'].some((side) =>
    readdirSync(join(packageFolder, side), { recursive: true, withFileTypes: true }).some(
      (entry) =>
        entry.isFile() &&
        !entry.parentPath.includes(join('server', 'test')) &&
        !entry.name.endsWith('.test.ts') &&
        statSync(join(entry.parentPath, entry.name)).mtimeMs > built,
    ),
  )
  return isNewer ? source : bundle
}
