/** A Redis to be ill-treated, which keeps nothing: started on a port of its own, stopped and killed at will. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from './postgres-server.ts'
import { until } from './until.ts'

export class RedisServer {
  readonly port: number
  readonly password = 'canary-redis-password'
  #process: ChildProcess | undefined

  private constructor(port: number) {
    this.port = port
  }

  /** A running one. */
  static async create(): Promise<RedisServer> {
    const server = new RedisServer(await freePort())
    await server.start()
    return server
  }

  url(port = this.port): string {
    return `redis://:${this.password}@127.0.0.1:${port}`
  }

  async start(): Promise<void> {
    const settings = ['--port', this.port, '--bind', '127.0.0.1', '--save', '', '--requirepass', this.password]
    this.#process = spawn('redis-server', settings.map(String), { cwd: tmpdir(), stdio: 'ignore' })
    await until('Redis answers', () => this.ask((redis) => redis.ping()))
  }

  /** At once: connections are cut. */
  async stop(): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    running.kill('SIGKILL')
    await once(running, 'exit')
  }

  /** Stops for `ms` with its connections open. */
  async freeze(ms: number): Promise<void> {
    const running = this.#process
    running?.kill('SIGSTOP')
    await delay(ms)
    running?.kill('SIGCONT')
  }

  /** On a connection of its own. */
  async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.url(), { lazyConnect: true, retryStrategy: () => null })
    redis.on('error', () => {})
    try {
      await redis.connect()
      return await question(redis)
    } finally {
      redis.disconnect()
    }
  }
}
