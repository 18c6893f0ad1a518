/** Connections that begin a request and say a byte of it each second, as long as they are let (slowloris). */
import { connect, type Socket } from 'node:net'

const dueMs = 120_000

export class SlowConnections {
  readonly #sockets: Socket[]
  readonly #timer: NodeJS.Timeout
  readonly #begunAt = performance.now()

  constructor(origin: string, number: number) {
    const { port } = new URL(origin)
    this.#sockets = Array.from({ length: number }, (_, at) => {
      const socket = connect(Number(port), '127.0.0.1')
      // The server may end it whenever it likes.
      socket.on('error', () => {}).resume()
      socket.write(
        at % 2
          ? 'GET /livez HTTP/1.1\r\nx-a: '
          : 'POST /trpc/auth.logout HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 99999\r\n\r\n',
      )
      return socket
    })
    this.#timer = setInterval(() => {
      for (const socket of this.#sockets) if (socket.writable) socket.write('x')
    }, 1000)
  }

  /** How many are open though a request may take 30 s, its headers 60, and Node looks each half minute. */
  get overdue(): number {
    const isDue = performance.now() - this.#begunAt > dueMs
    return isDue ? this.#sockets.filter(({ closed }) => !closed).length : 0
  }

  close(): void {
    clearInterval(this.#timer)
    for (const socket of this.#sockets) socket.destroy()
  }
}
