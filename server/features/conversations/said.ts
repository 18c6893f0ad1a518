import { conversationLimits } from '../../../shared/conversations.ts'

// NUL cannot be stored in Postgres; the others do nothing but hide something from whoever reads.
const unfit = /(?![\t\n\r])\p{Cc}/gu
const endsInHalf = /[\uD800-\uDBFF]$/

/** What an assistant has said, as a message may hold it: well-formed text of bounded length. It only grows. */
export class Said {
  #text = ''
  /** Of a pair whose other half is still to come. */
  #half = ''

  get text(): string {
    return this.#text
  }

  get isBlank(): boolean {
    return this.#text.trim() === ''
  }

  /** False when it is more than a message may hold, which is cut off then. */
  add(bit: string): boolean {
    const whole = this.#half + bit
    this.#half = endsInHalf.exec(whole)?.[0] ?? ''
    const fit = whole
      .slice(0, whole.length - this.#half.length)
      .toWellFormed()
      .replace(unfit, '')
    const room = conversationLimits.messageLength - this.#text.length
    this.#text += fit.length > room ? fit.slice(0, room).replace(endsInHalf, '') : fit
    return fit.length <= room
  }
}
