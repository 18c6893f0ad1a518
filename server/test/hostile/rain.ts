/** Attacks on one server, by several who take turns: what each does follows from the seed alone, whoever is faster. */
import type { Role } from '../../../shared/account.ts'
import { publicUrl } from '../chaos/people.ts'
import { Random } from '../chaos/random.ts'
import { exchange } from './exchange.ts'
import { type HttpRequest, HttpRequests } from './http-requests.ts'
import type { Known } from './inputs.ts'
import { type Answer, faultsOf } from './judge.ts'
import type { Attacker } from './people.ts'
import { nextRaw } from './raw-requests.ts'
import { SocketAttacks } from './socket-attack.ts'

export interface Ground {
  origin: string
  /** Whereto sign-in leads. */
  provider: string
  attackers: readonly Attacker[]
  known: Known
  /** Of the page, as their addresses. */
  files: readonly string[]
}

const workers = 16
const answerWithinMs = 20_000
/** For what leaves the server waiting for more. */
const patienceMs = 300
const shown = { body: 400, target: 300 }

export class Rain {
  /** Requests by door, a frame of a socket counting as one. */
  readonly sent = new Map<string, number>()
  readonly statuses = new Map<string, number>()
  readonly faults: string[] = []
  readonly #ground: Ground
  readonly #port: number
  readonly #seed: number

  constructor(ground: Ground, seed: number) {
    this.#ground = ground
    this.#port = Number(new URL(ground.origin).port)
    this.#seed = seed
  }

  get total(): number {
    return [...this.sent.values()].reduce((sum, number) => sum + number, 0)
  }

  /** About so many. Resolves when each has its answer; `goesOn` false ends it before. */
  async fall(requests: number, goesOn: () => boolean): Promise<void> {
    const each = Math.ceil(requests / workers)
    await Promise.all(Array.from({ length: workers }, (_, at) => this.#work(at, each, goesOn)))
  }

  async #work(at: number, requests: number, goesOn: () => boolean): Promise<void> {
    const { known, files, origin, attackers } = this.#ground
    const random = new Random(this.#seed * 1009 + at)
    const http = new HttpRequests(random, known, files)
    const sockets = new SocketAttacks(random, known, origin)
    for (let sent = 0; sent < requests && goesOn(); ) {
      const attacker = random.chance(0.25) ? null : random.pick(attackers)
      const chance = random.next()
      if (chance < 0.87) {
        await this.#say(random, http.next(attacker), attacker)
        sent++
      } else if (chance < 0.98) {
        await this.#sayRaw(random)
        sent++
      } else {
        const { frames, faults, door } = await sockets.next(attacker)
        this.#count(door, frames)
        this.faults.push(...faults.map((fault) => `${door} as ${attacker?.role ?? 'nobody'} ${fault}`))
        sent += frames
      }
    }
  }

  async #say(random: Random, request: HttpRequest, attacker: Attacker | null): Promise<void> {
    const { door, method, target, role, calls, isMcp } = request
    const bytes = bytesOf(request)
    const breaksOff = random.chance(0.02)
    const parts = breaksOff ? [bytes.subarray(0, random.between(1, bytes.length))] : [bytes]
    const { answers, rest, late } = await exchange(this.#port, parts, {
      methods: [method],
      answers: 1,
      withinMs: request.isWhole ? answerWithinMs : patienceMs,
      leaves: breaksOff,
    })
    this.#count(door)
    const [answer] = answers
    if (answer) this.#noteStatus(answer)
    const faults: string[] = []
    // Who broke off, or never finished, is owed nothing.
    if (!answer && request.isWhole && !breaksOff)
      faults.push(late ? 'was not answered' : `was cut off: ${rest.slice(0, 200)}`)
    if (answer && request.isWhole)
      faults.push(...faultsOf({ method, calls, role, isMcp, provider: this.#ground.provider }, answer))
    for (const fault of faults) {
      const body = request.body?.subarray(0, shown.body).toString() ?? ''
      this.faults.push(
        `${door}: ${method} ${target.slice(0, shown.target)} as ${role ?? 'nobody'} ${fault}\n    sent ${headersShown(request)} ${JSON.stringify(body)}\n    answered ${answer?.status} ${answer?.body.slice(0, shown.body)}`,
      )
    }
    if (answer?.status === 401 && attacker && /"(SESSION_ENDED|ACCESS_TOKEN_MISSING)"/.test(answer.body)) {
      await attacker.comeBack()
    }
  }

  async #sayRaw(random: Random): Promise<void> {
    const { what, parts, pauseMs, most, least, leaves } = nextRaw(random)
    const { answers, late } = await exchange(this.#port, parts, {
      methods: [],
      answers: most + 1,
      withinMs: least > 0 ? answerWithinMs : patienceMs,
      enough: { answers: least, patienceMs },
      leaves,
      pauseMs,
    })
    this.#count('bytes')
    const faults: string[] = []
    for (const answer of answers) {
      this.#noteStatus(answer)
      const asked = { method: 'GET', calls: [], role: 'admin' as Role, provider: this.#ground.provider }
      if (answer.status !== 101 && !isOfWebSockets(answer)) faults.push(...faultsOf(asked, answer))
    }
    if (!leaves && answers.length > most) faults.push(`had ${answers.length} answers`)
    if (!leaves && late && answers.length < least) faults.push(`had ${answers.length} answers`)
    for (const fault of faults) {
      const text = Buffer.concat(parts).subarray(0, shown.body).toString('latin1')
      this.faults.push(
        `bytes (${what}) ${fault}\n    sent ${JSON.stringify(text)}\n    answered ${JSON.stringify(answers.map(({ status, body }) => [status, body.slice(0, 200)]))}`,
      )
    }
  }

  #count(door: string, times = 1): void {
    this.sent.set(door, (this.sent.get(door) ?? 0) + times)
  }

  #noteStatus({ status }: Answer): void {
    this.statuses.set(String(status), (this.statuses.get(String(status)) ?? 0) + 1)
  }
}

/** It refuses handshakes by itself, with a status, a word and no code. */
const isOfWebSockets = ({ status, body }: Answer) =>
  [400, 405, 426].includes(status) &&
  /^(Bad Request|Method Not Allowed|Upgrade Required|(Missing or )?[Ii]nvalid .{1,60}header.*)$/.test(body)

function bytesOf({ method, target, headers, body }: HttpRequest): Buffer {
  const has = (name: string) => headers.some(([given]) => given === name)
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...(has('host') ? [] : [`host: ${new URL(publicUrl).host}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body === null || has('content-length') || has('transfer-encoding') ? [] : [`content-length: ${body.length}`]),
    'connection: close',
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body ?? Buffer.alloc(0)])
}

/** Without credentials: a report is for people. */
const headersShown = ({ headers }: HttpRequest) =>
  headers
    .filter(([name]) => !['cookie', 'authorization'].includes(name))
    .map(([name, value]) => `${name}: ${value.slice(0, 100)}`)
    .join(', ')
