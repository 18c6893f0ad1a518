/** Stands between two that talk, and behaves as networks do: passes on, falls silent, hangs up. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export class TcpProxy {
  /** For new connections: `pass` carries them, `hang-up` takes and ends them at once, as a balancer without a backend. */
  mode: 'pass' | 'hang-up' = 'pass'
  accepted = 0
  readonly #server = createServer((socket) => this.#carry(socket))
  readonly #pairs = new Set<{ near: Socket; far: Socket }>()
  readonly #sockets = new Set<Socket>()
  #cutting: { text: Buffer; fate: 'unsent' | 'unanswered'; cut: () => void } | undefined
  /** The port behind, for connections to come. */
  target: number

  private constructor(target: number) {
    this.target = target
  }

  static async before(port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(port)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections that are open now stay open for ever, and nothing passes through them any more. */
  silence(): void {
    for (const { near, far } of this.#pairs) {
      near.unpipe(far)
      far.unpipe(near)
      near.resume()
      far.destroy()
    }
    this.#pairs.clear()
  }

  cut(): void {
    for (const { near, far } of this.#pairs) {
      near.destroy()
      far.destroy()
    }
  }

  /**
   * Cuts one connection as the near side sends `text`: `unsent` before the far side has received it, `unanswered` once the far side has
   * responded to it, which the near side does not receive. Resolves when that has happened.
   */
  cutOn(text: string, fate: 'unsent' | 'unanswered'): Promise<void> {
    return new Promise((cut) => {
      this.#cutting = { text: Buffer.from(text), fate, cut }
    })
  }

  /** What the far side sends on connections that are open now is not taken from it any more, until `flow`. */
  stall(): void {
    for (const { near, far } of this.#pairs) far.unpipe(near)
  }

  flow(): void {
    for (const { near, far } of this.#pairs) far.pipe(near)
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #carry(near: Socket) {
    this.accepted++
    near.on('error', () => {})
    this.#sockets.add(near)
    near.on('close', () => this.#sockets.delete(near))
    if (this.mode === 'hang-up') return near.end()
    const far = connect(this.target, '127.0.0.1')
    const pair = { near, far }
    this.#pairs.add(pair)
    far.on('error', () => near.destroy())
    far.on('close', () => this.#pairs.delete(pair) && near.destroy())
    near.on('close', () => far.destroy())
    near.on('data', (chunk: Buffer) => this.#cutting && this.#cut(pair, chunk, this.#cutting))
    near.pipe(far).pipe(near)
  }

  #cut(
    { near, far }: { near: Socket; far: Socket },
    chunk: Buffer,
    { text, fate, cut }: { text: Buffer; fate: 'unsent' | 'unanswered'; cut: () => void },
  ) {
    if (!chunk.includes(text)) return
    this.#cutting = undefined
    const end = () => {
      near.destroy()
      far.destroy()
      cut()
    }
    if (fate === 'unsent') {
      near.unpipe(far)
      return end()
    }
    far.unpipe(near)
    far.once('data', end).resume()
  }
}
