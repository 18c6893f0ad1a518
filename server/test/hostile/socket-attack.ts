/** One socket of either kind, and what a client says on it that no client of ours would: in frames, below frames, and by its silence. */
import type { Socket } from 'node:net'
import WebSocket from 'ws'
import { publicUrl } from '../chaos/people.ts'
import type { Random } from '../chaos/random.ts'
import { nastyDocument, nastyText, nastyValue, spoiled } from './dictionary.ts'
import type { Sender } from './http-requests.ts'
import { Inputs, type Known, secretText } from './inputs.ts'
import { JsonText, toJson } from './json-text.ts'
import { faultsOfClose, faultsOfMessage } from './judge.ts'
import { headersOf } from './people.ts'
import { procedures } from './procedures.ts'

const answerWithinMs = 20_000
/** A frame may be 128 KiB. */
const mostBytes = 128 * 1024 + 100
const sentinel = 'sentinel'
/** In place of the procedure that an id stands for. */
const unknown = ''

/** Below frames: what the protocol forbids (RFC 6455 sections 5.2 and 5.5). Bytes as they go over the wire. */
const broken: ((random: Random) => Buffer)[] = [
  // Not masked, reserved bits, reserved opcodes, compressed though that was not agreed on.
  () => Buffer.from('810178', 'hex'),
  (random) => Buffer.from([0x80 | random.pick([0x11, 0x21, 0x41, 0x71]), 0x80, 0, 0, 0, 0]),
  (random) => Buffer.from([0x80 | random.pick([3, 7, 11, 15]), 0x80, 0, 0, 0, 0]),
  // A length that nothing has; one longer than it need be; a control frame too long, or in parts.
  () => Buffer.from('81ff7fffffffffffffff00000000', 'hex'),
  () => Buffer.from('81ffffffffffffffffff00000000', 'hex'),
  () => Buffer.from('81fe000000000000', 'hex'),
  () => Buffer.from('89fe007e00000000', 'hex'),
  () => Buffer.from('098000000000', 'hex'),
  // Going on with what never began; beginning what has begun.
  () => Buffer.from('808000000000', 'hex'),
  () => Buffer.from('018000000000818000000000', 'hex'),
  // Closes with half a code, a code of nobody, and a reason that is no text.
  () => Buffer.from('888100000000ff', 'hex'),
  (random) =>
    Buffer.from([
      0x88,
      0x82,
      0,
      0,
      0,
      0,
      ...random.pick([
        [0, 0],
        [3, 0xed],
        [3, 0xee],
        [0xff, 0xff],
      ]),
    ]),
  () => Buffer.from('88840000000003e8ffff', 'hex'),
  (random) => Buffer.from(Array.from({ length: random.between(1, 200) }, () => random.between(0, 255))),
]

export interface SocketOutcome {
  door: string
  frames: number
  faults: string[]
}

export class SocketAttacks {
  readonly #random: Random
  readonly #inputs: Inputs
  readonly #known: Known
  readonly #url: string

  constructor(random: Random, known: Known, url: string) {
    this.#random = random
    this.#inputs = new Inputs(random, known)
    this.#known = known
    this.#url = url.replace(/^http/, 'ws')
  }

  /** `sender` null for nobody, who is closed with 4401 whatever they say. Leaves nothing open. */
  next(sender: Sender | null): Promise<SocketOutcome> {
    return this.#random.chance(0.7) ? this.#trpc(sender) : this.#plain(sender)
  }

  async #trpc(sender: Sender | null): Promise<SocketOutcome> {
    const random = this.#random
    const calls = new Map<string, string>()
    const frames = Array.from({ length: random.between(1, 40) }, () => this.#frame(calls))
    const path = random.chance(0.9)
      ? '/trpc'
      : `/trpc?${random.pick(['connectionParams=1', 'plinth-person=x', 'a=b&a=c'])}`
    const closing = JSON.stringify({ id: sentinel, method: 'query', params: { path: 'account.methods' } })
    const role = sender?.role ?? null
    return this.#speak(path, sender, frames, closing, (text) => {
      const { id } = (JSON.parse(text) ?? {}) as { id?: unknown }
      const call = typeof id === 'string' ? calls.get(id) || undefined : undefined
      return { faults: faultsOfMessage(text, call, role), last: id === sentinel }
    })
  }

  async #plain(sender: Sender | null): Promise<SocketOutcome> {
    const random = this.#random
    const draftId = random.chance(0.8) ? random.pick(this.#known.ids.draftId ?? []) : 'x'
    const after = random.chance(0.6)
      ? ''
      : `?after=${encodeURIComponent(nastyText(random).slice(0, 2000).toWellFormed())}`
    const frames = Array.from({ length: random.between(1, 30) }, () => this.#below() ?? this.#words())
    const path = `/v1/ws/drafts/${draftId}${after}`
    return this.#speak(path, sender, frames, '{"type":"ping"}', (text) => ({
      faults: faultsOfMessage(text, undefined, null),
      last: text.includes('"pong"'),
    }))
  }

  /** What to send, as it is sent. */
  #frame(calls: Map<string, string>): Frame {
    const random = this.#random
    return this.#below() ?? (random.chance(0.2) ? this.#words() : this.#text(this.#calls(calls)))
  }

  #text(text: string): Frame {
    const random = this.#random
    const bytes = random.chance(0.05) ? spoiled(random, text) : Buffer.from(text.toWellFormed())
    if (!random.chance(0.05)) return (ws) => ws.send(bytes, { binary: false })
    return (ws) => {
      // In fragments, with control frames between, which is allowed.
      const size = Math.max(1, Math.ceil(bytes.length / random.between(2, 200)))
      for (let at = 0; at < bytes.length; at += size) {
        ws.send(bytes.subarray(at, at + size), { binary: false, fin: at + size >= bytes.length })
        if (at === 0) ws.ping()
      }
    }
  }

  #words(): Frame {
    const random = this.#random
    const text = random.pick([
      () => nastyDocument(random, random.chance(0.2) ? mostBytes : 3000),
      () => JSON.stringify(nastyText(random)).slice(0, mostBytes),
      () => toJson(nastyValue(random)),
      () => 'PING',
      () => 'PONG',
      () => '{"type":"ping"}',
      () => '{"type":["ping"],"__proto__":{"type":"ping"}}',
    ])()
    return this.#text(text)
  }

  /** Null mostly. */
  #below(): Frame | null {
    const random = this.#random
    const chance = random.next()
    if (chance < 0.02) {
      const bytes = random.pick(broken)(random)
      return (ws) => void transportOf(ws).write(bytes)
    }
    if (chance < 0.04) return (ws) => ws.send(Buffer.from(nastyText(random).slice(0, 1000)), { binary: true })
    if (chance < 0.06) {
      const times = random.pick([1, 20, 500])
      return (ws) => {
        for (let n = 0; n < times; n++) ws.ping(Buffer.alloc(random.pick([0, 125])))
      }
    }
    if (chance < 0.07) return (ws) => ws.pong('unasked')
    if (chance < 0.075) {
      return (ws) => {
        for (let n = 0; n < 3000; n++) ws.send('x', { fin: false })
      }
    }
    return null
  }

  /** One call, or several in one frame. `calls`: whose answer is whose. */
  #calls(calls: Map<string, string>): string {
    const random = this.#random
    if (random.chance(0.85)) return this.#message(calls)
    const number = random.pick([1, 2, 10, 101, 300])
    const all = Array.from({ length: number }, () => this.#message(calls))
    return `[${all.join()}]`.slice(0, mostBytes)
  }

  #message(calls: Map<string, string>): string {
    const random = this.#random
    const { path, type, input } = random.pick(procedures)
    const id = `c${calls.size}`
    calls.set(id, path)
    const value = random.chance(0.9)
      ? this.#inputs.hostile(input)
      : new JsonText(this.#inputs.document(input, 5000).toString())
    const params: Record<string, unknown> = { path, input: value }
    const message: Record<string, unknown> = { id, method: type, params }
    if (random.chance(0.15)) message.jsonrpc = random.pick(['2.0', '1.0', 2, null])
    if (type === 'subscription' && random.chance(0.3)) params.lastEventId = nastyValue(random)
    if (random.chance(0.6)) return toJson(message)
    const spoil = random.pick([
      () =>
        (message.id = random.pick([
          1,
          -1,
          0,
          1e21,
          null,
          true,
          [],
          {},
          'x'.repeat(5000),
          '__proto__',
          nastyText(random),
        ])),
      () => {
        // Somebody else's, or its own.
        message.id = `c${random.between(0, calls.size - 1)}`
        calls.set(message.id as string, unknown)
      },
      () => (message.method = random.pick(['query', 'mutation', 'subscription'])),
      () =>
        (message.method = random.pick([
          'subscription.stop',
          'reconnect',
          'connectionParams',
          '__proto__',
          1,
          null,
          {},
        ])),
      () =>
        (params.path = random.pick([
          '',
          'account',
          'constructor',
          '__proto__',
          'toString',
          {},
          [],
          null,
          5,
          nastyText(random),
        ])),
      () => (message.params = nastyValue(random)),
      () => delete message.params,
      () => delete message.id,
      () => Object.assign(message, { result: { type: 'data' }, error: {} }),
    ])
    spoil()
    // Whose answer it is cannot be told any more.
    calls.set(id, unknown)
    return toJson(message)
  }

  async #speak(
    path: string,
    sender: Sender | null,
    frames: Frame[],
    closing: string,
    judge: (text: string) => { faults: string[]; last: boolean },
  ): Promise<SocketOutcome> {
    const random = this.#random
    const faults: string[] = []
    const protocols = random.chance(0.9)
      ? []
      : ['plinth', `plinth.bearer.${secretText(random).replaceAll(/[^\w.-]/g, '')}`]
    const headers = sender ? headersOf(sender.credentials) : { origin: publicUrl }
    const ws = new WebSocket(this.#url + path, protocols, {
      headers,
      perMessageDeflate: random.chance(0.3),
      handshakeTimeout: answerWithinMs,
    })
    const ended = new Promise<number>((resolve) => {
      // A refused upgrade, or a connection that was cut: it is closed then.
      ws.on('error', () => {})
      ws.on('close', resolve)
    })
    ws.on('unexpected-response', (_request, response) => {
      if ((response.statusCode ?? 0) >= 500 && response.statusCode !== 503)
        faults.push(`was answered ${response.statusCode}`)
      ws.terminate()
    })
    const answered = new Promise<void>((resolve) => {
      ws.on('message', (data) => {
        const text = String(data)
        if (text === 'PING' || text === 'PONG') return
        const { faults: found, last } = judge(text)
        faults.push(...found)
        if (last) resolve()
      })
    })
    const opened = new Promise<boolean>((resolve) => {
      ws.on('open', () => resolve(true))
      void ended.then(() => resolve(false))
    })
    const door = path.startsWith('/trpc') ? 'tRPC socket' : 'plain socket'
    if (!(await opened)) return { door, frames: 1, faults }
    // Some do not read what they ask for.
    if (random.chance(0.04)) ws.pause()
    for (const say of frames) {
      if (ws.readyState !== ws.OPEN) break
      say(ws)
      if (random.chance(0.1)) await new Promise((resolve) => setImmediate(resolve))
    }
    if (ws.readyState === ws.OPEN) ws.send(closing)
    if (!ws.isPaused && random.chance(0.9)) {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), answerWithinMs)
      })
      const end = await Promise.race([answered, ended, late])
      clearTimeout(timer)
      if (end === 'late') faults.push('was neither answered nor closed')
      else if (typeof end === 'number') faults.push(...faultsOfClose(end))
    }
    random.pick([
      () => ws.terminate(),
      () => ws.close(),
      () => ws.close(3000 + random.between(0, 999), 'x'),
      () => transportOf(ws)?.resetAndDestroy(),
    ])()
    // A paused one may never tell that it has closed.
    ws.resume()
    await orAfter(ended, 2000)
    ws.terminate()
    await orAfter(ended, 2000)
    return { door, frames: frames.length + 1, faults }
  }
}

async function orAfter(event: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([event, late])
  clearTimeout(timer)
}

type Frame = (ws: WebSocket) => void

/** Which ws keeps to itself. */
const transportOf = (ws: WebSocket) => (ws as unknown as { _socket: Socket })._socket
