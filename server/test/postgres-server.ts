/**
 * A Postgres cluster to be ill-treated: made in a temporary folder, stopped and killed at will, away when closed.
 * Without fsync: what it must survive here is the end of a process, not of the power.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { until } from './until.ts'

export class PostgresServer {
  readonly port: number
  readonly #folder: string
  readonly #settings: Record<string, string>
  #postmaster: ChildProcess | undefined

  private constructor(folder: string, port: number, settings: Record<string, string>) {
    this.#folder = folder
    this.port = port
    this.#settings = settings
  }

  /** A running one. */
  static async create(settings: Record<string, string> = {}): Promise<PostgresServer> {
    const server = new PostgresServer(mkdtempSync(join(tmpdir(), 'plinth-pg-')), await freePort(), settings)
    for (const name of ['data', 'sockets']) mkdirSync(join(server.#folder, name), { mode: 0o700 })
    const { uid, gid } = owner()
    if (uid !== undefined) {
      for (const name of ['', 'data', 'sockets']) chownSync(join(server.#folder, name), uid, gid as number)
    }
    execFileSync(
      program('initdb'),
      ['-D', join(server.#folder, 'data'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
      { ...owner(), cwd: server.#folder, stdio: 'pipe' },
    )
    await server.start()
    return server
  }

  url(database = 'postgres'): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`
  }

  /** Resolves when it takes connections. */
  async start(): Promise<void> {
    const settings = {
      port: this.port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: join(this.#folder, 'sockets'),
      fsync: 'off',
      full_page_writes: 'off',
      // Several test files at a time, each with several instances.
      max_connections: 500,
      ...this.#settings,
    }
    this.#postmaster = spawn(
      program('postgres'),
      [
        '-D',
        join(this.#folder, 'data'),
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      { ...owner(), cwd: this.#folder, stdio: 'ignore' },
    )
    await until('Postgres takes connections', () => this.query((sql) => sql`select 1`))
  }

  /** At once, as `pg_ctl stop -m immediate`: connections are cut, the next start recovers. */
  stopImmediately(): Promise<void> {
    return this.#end('SIGQUIT')
  }

  /** Stops all its processes for `ms`, with their connections open. */
  async freeze(ms: number): Promise<void> {
    const postmaster = this.#postmaster?.pid
    if (postmaster === undefined) return
    // The postmaster first, so that it starts no backend that would keep running.
    process.kill(postmaster, 'SIGSTOP')
    const all = [postmaster, ...childrenOf(postmaster)]
    signalAll(all, 'SIGSTOP')
    await delay(ms)
    signalAll(all.toReversed(), 'SIGCONT')
  }

  /** Its data as they are on disk, to come back by `setBack`. Connections are cut. */
  async save(): Promise<void> {
    await this.stopImmediately()
    execFileSync('cp', ['-a', join(this.#folder, 'data'), join(this.#folder, 'saved')])
    await this.start()
  }

  /** To what it was at `save`, as a replica that lagged and is promoted. Once. */
  async setBack(): Promise<void> {
    await this.stopImmediately()
    rmSync(join(this.#folder, 'data'), { recursive: true })
    renameSync(join(this.#folder, 'saved'), join(this.#folder, 'data'))
    await this.start()
  }

  /** One question on a connection of its own. */
  async query<T>(ask: (sql: postgres.Sql) => PromiseLike<T>, database = 'postgres'): Promise<T> {
    const sql = postgres(this.url(database), { max: 1, connect_timeout: 5, onnotice: () => {} })
    try {
      return await ask(sql)
    } finally {
      await sql.end({ timeout: 1 })
    }
  }

  async close(): Promise<void> {
    await this.stopImmediately()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #end(signal: NodeJS.Signals) {
    const postmaster = this.#postmaster
    this.#postmaster = undefined
    if (!postmaster || postmaster.exitCode !== null || postmaster.signalCode !== null) return
    postmaster.kill(signal)
    await once(postmaster, 'exit')
  }
}

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children.split(' ').filter(Boolean).map(Number)
}

/** Ignores a process that has ended meanwhile. */
function signalAll(pids: number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Postgres refuses to run as root. */
function owner(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** From PATH, or of the newest version that the system's packages installed. */
function program(name: string): string {
  const versions = '/usr/lib/postgresql'
  const packaged = existsSync(versions)
    ? readdirSync(versions)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(versions, version, 'bin'))
    : []
  const folder = [...(process.env.PATH ?? '').split(delimiter), ...packaged].find((at) => existsSync(join(at, name)))
  if (!folder) throw new Error(`${name} not found: install Postgres, or put its programs into PATH`)
  return join(folder, name)
}
