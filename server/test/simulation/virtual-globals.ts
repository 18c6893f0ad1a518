/**
 * Replaces the machine's time and random numbers by those of the world, for this process: timers, clocks, random numbers, and what pages of one browser
 * share. The product's modules run unchanged; import this file before them. Await nothing real afterwards.
 */
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timersPromises from 'node:timers/promises'
import type { Browser } from './browser.ts'
import { Task, World } from './world.ts'

/** The date at which virtual time begins. */
const epochMs = Date.UTC(2026, 0, 15, 12)

let world = new World(0)
/** Of the page whose task runs. */
const browsers = new WeakMap<object, Browser>()

/** From here on time and random numbers are those of `next`. */
export function enter(next: World): void {
  world = next
}

/** What the page of this node finds in `navigator` and `BroadcastChannel`. */
export function openIn(browser: Browser, node: object): void {
  browsers.set(node, browser)
}

const browserOf = () => browsers.get(world.current)
const here = () => world.current.random

function setTimer(run: (...given: unknown[]) => void, ms = 0, ...given: unknown[]): Task {
  return world.in(Math.max(1, ms), world.current, () => run(...given), true)
}

function clearTimer(task: unknown) {
  if (task instanceof Task) task.isCancelled = true
}

function setRepeating(run: () => void, ms: number): Task {
  const node = world.current
  const handle = new Task(0, 0, node, run, true)
  const next = () =>
    world.in(
      ms,
      node,
      () => {
        if (handle.isCancelled) return
        next()
        run()
      },
      true,
    )
  next()
  return handle
}

const setSoon = (run: (...given: unknown[]) => void, ...given: unknown[]) =>
  world.in(0, world.current, () => run(...given))

function delay<T>(ms?: number, value?: T, { signal }: { signal?: AbortSignal } = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const abort = () => {
      clearTimer(timer)
      reject(signal?.reason)
    }
    const timer = setTimer(() => {
      signal?.removeEventListener('abort', abort)
      resolve(value as T)
    }, ms)
    signal?.addEventListener('abort', abort, { once: true })
  })
}

class VirtualDate extends Date {
  constructor(...given: [] | [string | number | Date]) {
    if (given.length === 0) super(epochMs + world.now)
    else super(...given)
  }

  static override now() {
    return Math.floor(epochMs + world.now)
  }
}

const hex = (bytes: number) =>
  Array.from({ length: bytes }, () => here().between(0, 255).toString(16).padStart(2, '0')).join('')

Object.assign(globalThis, {
  setTimeout: setTimer,
  clearTimeout: clearTimer,
  setInterval: setRepeating,
  clearInterval: clearTimer,
  setImmediate: setSoon,
  clearImmediate: clearTimer,
  Date: VirtualDate,
})
// Node retains a signal of its own `any` while it has listeners, and with it the worlds of killed processes, which never remove theirs.
AbortSignal.any = (signals) => {
  const any = new AbortController()
  for (const signal of signals) {
    if (signal.aborted) any.abort(signal.reason)
    else signal.addEventListener('abort', () => any.abort(signal.reason), { once: true })
  }
  return any.signal
}
Math.random = () => here().next()
performance.now = () => world.now
Object.assign(timersPromises, { setTimeout: delay, setImmediate: () => delay(0) })
Object.assign(crypto, {
  randomUUID: () => `${hex(4)}-${hex(2)}-4${hex(2).slice(1)}-8${hex(2).slice(1)}-${hex(6)}`,
  randomBytes: (bytes: number) => Buffer.from(hex(bytes), 'hex'),
})
syncBuiltinESMExports()
globalThis.crypto.getRandomValues = (array) => {
  if (array instanceof Uint8Array) for (let n = 0; n < array.length; n++) array[n] = here().between(0, 255)
  return array
}
Object.defineProperty(globalThis, 'navigator', {
  configurable: true,
  get: () => ({ onLine: browserOf()?.isOnline ?? true, locks: browserOf()?.locks(world.current) }),
})
globalThis.BroadcastChannel = class {
  onmessage: ((event: { data: unknown }) => void) | null = null
  readonly #node = world.current
  constructor() {
    browserOf()?.listen(this.#node, (data) => this.onmessage?.({ data }))
  }
  postMessage(data: unknown) {
    browserOf()?.tell(this.#node, data)
  }
  close() {
    this.onmessage = null
  }
} as unknown as typeof BroadcastChannel
