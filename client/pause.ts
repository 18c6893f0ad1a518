/**
 * Waiting before something is tried again: half of a time to all of it, so that a restarted server is not met by everybody
 * at once. A page that nobody sees leaves the others first go, and every wait is over once its page is seen or the network
 * is back: timers of a hidden page are slowed down, those of a frozen one stand still.
 */
const hiddenTakesLonger = 3
/** All pages of a browser hear of the network in the same moment. */
const hiddenOnlineWithinMs = 2000

export class Pause {
  readonly over: Promise<void>
  readonly end: () => void

  constructor(ms: number) {
    const { promise, resolve } = Promise.withResolvers<void>()
    // Neither is there in a program.
    const document = globalThis.document as Document | undefined
    const window = document && globalThis.window
    let timer: ReturnType<typeof setTimeout>
    const endWithin = (limitMs: number, leastPart: number) => {
      clearTimeout(timer)
      timer = setTimeout(this.end, limitMs * (leastPart + Math.random() * (1 - leastPart)))
    }
    const onSeen = () => {
      if (!document?.hidden) this.end()
    }
    const onOnline = () => (document?.hidden ? endWithin(hiddenOnlineWithinMs, 0) : this.end())
    this.over = promise
    this.end = () => {
      clearTimeout(timer)
      document?.removeEventListener('visibilitychange', onSeen)
      window?.removeEventListener('online', onOnline)
      resolve()
    }
    document?.addEventListener('visibilitychange', onSeen)
    window?.addEventListener('online', onOnline)
    endWithin(document?.hidden ? ms * hiddenTakesLonger : ms, 0.5)
  }
}
