/**
 * Stands between two that talk, knows a little of what they say, and fails at the worst moment: before a request goes through, after
 * it went through and before the answer comes back, in the middle of an answer.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export class Line {
  readonly near: Socket
  readonly far: Socket
  /** What comes back next is not passed on: the line is cut instead. */
  losesAnswer = false
  #stalled = false

  constructor(near: Socket, far: Socket) {
    this.near = near
    this.far = far
  }

  send(to: Socket, bytes: Buffer) {
    if (to.destroyed || bytes.length === 0) return
    const from = to === this.near ? this.far : this.near
    if (to.write(bytes)) return
    from.pause()
    to.once('drain', () => !this.#stalled && from.resume())
  }

  cut() {
    this.near.destroy()
    this.far.destroy()
  }

  stall(ms: number) {
    this.#stalled = true
    this.near.pause()
    this.far.pause()
    setTimeout(() => {
      this.#stalled = false
      this.near.resume()
      this.far.resume()
    }, ms)
  }
}

export abstract class FaultProxy {
  /** The port behind, for lines to come; 0 while nobody is there. */
  target = 0
  refusing = false
  /** Faults that are to happen at the next occasion, and those that have. */
  readonly armed = new Map<string, number>()
  readonly happened = new Map<string, number>()
  protected readonly lines = new Set<Line>()
  readonly #server = createServer({ noDelay: true }, (socket) => this.#carry(socket))

  /** What `near` sends. */
  protected abstract up(line: Line, bytes: Buffer): void
  /** What `far` answers. */
  protected abstract down(line: Line, bytes: Buffer): void

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  arm(fault: string, times: number) {
    this.armed.set(fault, (this.armed.get(fault) ?? 0) + times)
  }

  /** Cuts all lines. How many. */
  cut(): number {
    const { size } = this.lines
    for (const line of this.lines) line.cut()
    return size
  }

  stall(ms: number): number {
    for (const line of this.lines) line.stall(ms)
    return this.lines.size
  }

  disarm() {
    this.armed.clear()
  }

  close(): void {
    this.#server.close()
    this.cut()
  }

  /** Whether `fault` is to happen here; counted. */
  protected strikes(fault: string): boolean {
    const left = this.armed.get(fault) ?? 0
    if (left === 0) return false
    this.armed.set(fault, left - 1)
    this.note(fault)
    return true
  }

  protected note(fault: string) {
    this.happened.set(fault, (this.happened.get(fault) ?? 0) + 1)
  }

  #carry(near: Socket) {
    near.on('error', () => {})
    if (this.refusing || this.target === 0) return near.destroy()
    const far = connect({ port: this.target, host: '127.0.0.1', noDelay: true })
    const line = new Line(near, far)
    this.lines.add(line)
    far.on('error', () => {})
    far.on('close', () => near.destroy())
    near.on('close', () => {
      this.lines.delete(line)
      far.destroy()
    })
    near.on('data', (bytes: Buffer) => this.up(line, bytes))
    far.on('data', (bytes: Buffer) => {
      if (line.losesAnswer) line.cut()
      else this.down(line, bytes)
    })
  }
}

type Carrier = 'socket' | 'stream'

/** Before a server: knows mutations, WebSockets and server-sent events. */
export class ClientProxy extends FaultProxy {
  /** As proxies in offices do. */
  #refused: readonly Carrier[] = []
  readonly #carriers = new Map<Line, Carrier>()

  /** Those that are open are cut; others are noted as `refused`. */
  refuse(carriers: readonly Carrier[]): void {
    this.#refused = carriers
    for (const [line, carrier] of this.#carriers) {
      if (!this.lines.has(line)) this.#carriers.delete(line)
      else if (carriers.includes(carrier)) line.cut()
    }
  }

  protected up(line: Line, bytes: Buffer) {
    const head = bytes.toString('latin1', 0, 2000)
    if (head.startsWith('POST /trpc/drafts.') && this.strikes('lose answer')) line.losesAnswer = true
    else if (head.startsWith('GET /trpc')) {
      const carrier = /^upgrade: websocket/im.test(head)
        ? 'socket'
        : /^accept: text\/event-stream/im.test(head) && 'stream'
      if (carrier && this.#refused.includes(carrier)) {
        this.note('refused')
        return line.cut()
      }
      if (carrier) this.#carriers.set(line, carrier)
    }
    line.send(line.far, bytes)
  }

  protected down(line: Line, bytes: Buffer) {
    if (bytes.length > 200 && this.strikes('half an answer')) {
      // Flushed with the end of the stream, so that the half arrives before the fault does.
      line.near.end(bytes.subarray(0, bytes.length >> 1), () => line.cut())
    } else line.send(line.near, bytes)
  }
}
