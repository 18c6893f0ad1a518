/** A socket that follows one draft, and reconnects after the pauses of the client. */
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { publicUrl } from './environment.ts'
import { type Door, openMarkedSocket } from './marked-socket.ts'

/** Up to twice as long at each attempt. */
const pauseMs = { first: 200, most: 10_000 }

export class StormFollower {
  readonly #door: Door
  #socket: Socket | null = null

  constructor(port: number, cookie: string, draftId: string) {
    const params = { path: 'drafts.onEvent', input: { draftId } }
    const hello = [JSON.stringify({ id: 1, method: 'subscription', params })]
    this.#door = { port, path: '/trpc', headers: { cookie, origin: publicUrl }, hello }
  }

  /** Resolves when it has received `ready`. */
  async follow(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      await delay(Math.min(pauseMs.first * 2 ** attempt, pauseMs.most) * (0.5 + Math.random() / 2))
      try {
        this.#socket = await openMarkedSocket(this.#door, () => {}, '"type":"ready"')
        this.#socket.on('error', () => {})
        return
      } catch {
        // The server is down, or too many sockets are opening.
      }
    }
  }

  cut(): void {
    this.#socket?.destroy()
  }
}
