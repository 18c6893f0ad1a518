/**
 * Before Postgres: knows the statements that commit, and the notices. Messages of protocol 3.0: a type, a length that counts
 * itself, and the rest; the first one of a client has no type.
 */
import { FaultProxy, type Line } from './fault-proxy.ts'
import type { Random } from './random.ts'

/** How writers begin the text of a segment: what carries it is the one statement that appends and commits. */
export const appendMark = 'chaos append '

export type NoticeMode = 'pass' | 'dropped' | 'doubled' | 'late'

class Messages {
  #rest: Buffer = Buffer.alloc(0)
  #header: number

  constructor(startup: boolean) {
    this.#header = startup ? 0 : 1
  }

  /** The complete messages up to here. */
  take(bytes: Buffer): Buffer[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const messages: Buffer[] = []
    for (;;) {
      if (this.#rest.length < this.#header + 4) return messages
      const length = this.#header + this.#rest.readInt32BE(this.#header)
      if (this.#rest.length < length) return messages
      messages.push(this.#rest.subarray(0, length))
      this.#rest = this.#rest.subarray(length)
      this.#header = 1
    }
  }
}

const typeOf = (message: Buffer) => String.fromCharCode(message[0] as number)

export class PostgresProxy extends FaultProxy {
  notices: NoticeMode = 'pass'
  readonly #random: Random
  readonly #read = new WeakMap<Line, { up: Messages; down: Messages }>()
  readonly #late: Buffer[] = []

  constructor(random: Random) {
    super()
    this.#random = random
  }

  protected up(line: Line, bytes: Buffer) {
    const messages = this.#messages(line).up.take(bytes)
    if (messages.some(commits)) {
      if (this.strikes('commit not sent')) return line.cut()
      if (this.strikes('answer to commit lost')) line.losesAnswer = true
    }
    line.send(line.far, Buffer.concat(messages))
  }

  protected down(line: Line, bytes: Buffer) {
    const messages = this.#messages(line).down.take(bytes)
    for (const message of messages) if (typeOf(message) === 'A') this.#notice(line, message)
    line.send(line.near, Buffer.concat(messages.filter((message) => typeOf(message) !== 'A')))
  }

  #notice(line: Line, message: Buffer) {
    const send = (notice: Buffer) => line.send(line.near, notice)
    if (this.notices === 'pass') return send(message)
    if (this.notices === 'dropped') {
      if (this.#random.chance(0.5)) return send(message)
      return this.note('notice dropped')
    }
    if (this.notices === 'doubled') {
      this.note('notice doubled')
      // Once at once, and once more long after.
      setTimeout(() => send(message), this.#random.between(0, 3000))
      return send(message)
    }
    this.note('notice late')
    this.#late.push(message)
    if (this.#late.length === 1) {
      setTimeout(
        () => {
          for (const notice of this.#random.shuffled(this.#late.splice(0))) send(notice)
        },
        this.#random.between(50, 1500),
      )
    }
  }

  #messages(line: Line) {
    let messages = this.#read.get(line)
    if (!messages) {
      messages = { up: new Messages(true), down: new Messages(false) }
      this.#read.set(line, messages)
    }
    return messages
  }
}

function commits(message: Buffer): boolean {
  const type = typeOf(message)
  if (type === 'Q') return message.toString('latin1', 5, 11) === 'commit'
  return type === 'B' && message.includes(appendMark)
}
