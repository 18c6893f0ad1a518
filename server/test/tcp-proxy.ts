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
    near.pipe(far).pipe(near)
  }
}
