/**
 * Many followers in a process of their own, a socket each. They do what tRPC's client does, with the pauses of ours, and cost
 * less. Given its followers once, it answers each further message with how they stand.
 */
import WebSocket from 'ws'

export interface Follower {
  url: string
  headers: Record<string, string>
  draftId: string
  lastEventId: string
}
export interface Standing {
  carried: number
  /** The least of the numbers of the followers' last events. */
  least: number
  /** Events that were not the next, and resyncs. */
  faults: number
  /** Answers other than a stream, by code. */
  refused: Record<string, number>
  cpuMs: number
}

class HerdFollower {
  static readonly all: HerdFollower[] = []
  static faults = 0
  static readonly refused: Record<string, number> = {}
  carried = false
  #cursor: string
  #attempt = 0
  readonly #follower: Follower

  constructor(follower: Follower) {
    this.#follower = follower
    this.#cursor = follower.lastEventId
    HerdFollower.all.push(this)
    this.#open()
  }

  get seq(): number {
    return Number(this.#cursor.split(':')[1])
  }

  #open() {
    const { url, headers } = this.#follower
    const socket = new WebSocket(url, { headers })
    socket.on('open', () => this.#subscribe(socket))
    socket.on('message', (text) => this.#onMessage(socket, String(text)))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.carried = false
      setTimeout(() => this.#open(), this.#pause(200))
    })
  }

  #subscribe(socket: WebSocket) {
    const input = { draftId: this.#follower.draftId, lastEventId: this.#cursor }
    socket.send(JSON.stringify({ id: 1, method: 'subscription', params: { path: 'drafts.onEvent', input } }))
  }

  #onMessage(socket: WebSocket, text: string) {
    if (text === 'PING') return socket.send('PONG')
    const { error, result } = JSON.parse(text)
    if (error) {
      HerdFollower.refused[error.data.code] = (HerdFollower.refused[error.data.code] ?? 0) + 1
      setTimeout(() => this.#subscribe(socket), this.#pause(250))
    } else if (result.type === 'data') {
      const { id, data } = result.data
      if (data.type === 'ready') {
        this.carried = true
        this.#attempt = 0
      } else if (data.seq === this.seq + 1) this.#cursor = id
      else HerdFollower.faults++
    }
  }

  #pause(firstMs: number): number {
    return Math.min(firstMs * 2 ** this.#attempt++, 10_000) * (0.5 + Math.random() / 2)
  }
}

process.on('message', ({ followers = [] }: { followers?: Follower[] }) => {
  for (const follower of followers) new HerdFollower(follower)
  const { all, faults, refused } = HerdFollower
  const { user, system } = process.cpuUsage()
  const standing: Standing = {
    carried: all.filter(({ carried }) => carried).length,
    least: Math.min(...all.map(({ seq }) => seq)),
    faults,
    refused,
    cpuMs: (user + system) / 1000,
  }
  process.send?.(standing)
})
