/**
 * Writes down on this instance what the assistant answers, as it speaks: some text every moment, each bit an event, so that every
 * device on every instance reads along. While the assistant thinks it says nothing but that it is there. It keeps nothing of its own: an
 * answer that its row does not have is lost, and one whose writer died is given up by the sweep (`failAbandoned`).
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../../platform/config/config.ts'
import type { Database } from '../../platform/db/database.ts'
import type { AnswerBudget } from './answer-budget.ts'
import { AnswerFault } from './answer-fault.ts'
import { type Asked, continueAnswer, failAnswer, finishAnswer, readHistory, type Writer } from './answers.ts'
import { type CompletionTimes, complete } from './chat-completion.ts'
import { Said } from './said.ts'

export interface AnswerTimes extends CompletionTimes {
  /** Between two writes of what is said. */
  writeMs: number
  /** Between two signs of life, which is also how soon an answer is stopped from another instance. Much shorter than `failAbandoned` waits. */
  beatMs: number
}
const usualTimes: AnswerTimes = { firstByteMs: 30_000, pauseMs: 60_000, writeMs: 150, beatMs: 2_000 }
const atOnce = 50

/** Why it is ended before it ends itself. `gone`: it is nobody's, or somebody else's. */
type Ending = 'stopped' | 'gone' | 'closing'

export class AnswerWriter implements Writer {
  readonly budget: AnswerBudget
  readonly #db: Database
  readonly #assistant: NonNullable<Config['assistant']>
  readonly #log: FastifyBaseLogger
  readonly #times: AnswerTimes
  readonly #underWay = new Map<string, { end: (why: Ending) => void; done: Promise<void> }>()
  readonly #closing = new AbortController()

  constructor(
    db: Database,
    assistant: NonNullable<Config['assistant']>,
    budget: AnswerBudget,
    log: FastifyBaseLogger,
    times: Partial<AnswerTimes> = {},
  ) {
    this.#db = db
    this.budget = budget
    this.#assistant = assistant
    this.#log = log
    this.#times = { ...usualTimes, ...times }
  }

  get size(): number {
    return this.#underWay.size
  }

  /** After the commit that asked. Never throws. */
  begin(asked: Asked): void {
    const ending = new AbortController()
    const isFull = this.#underWay.size >= atOnce
    const done = (
      isFull
        ? this.#fail(asked, new AnswerFault('busy', 'as many answers as one instance writes'))
        : this.#write(asked, ending)
    )
      .catch((err) => this.#log.warn({ err, answer: asked.id }, 'answer not written down, it is given up soon'))
      .finally(() => this.#underWay.delete(asked.id))
    this.#underWay.set(asked.id, { end: (why) => ending.abort(why), done })
    if (this.#closing.signal.aborted) ending.abort('closing' satisfies Ending)
  }

  /** At once where it is written here; elsewhere its row says so. */
  stop(answerId: string): void {
    this.#underWay.get(answerId)?.end('stopped')
  }

  /** What is under way is interrupted, and kept as far as it came. */
  async close(): Promise<void> {
    this.#closing.abort()
    const all = [...this.#underWay.values()]
    for (const { end } of all) end('closing')
    await Promise.all(all.map(({ done }) => done))
  }

  async #write(asked: Asked, ending: AbortController): Promise<void> {
    const said = new Said()
    const over = new AbortController()
    const reading = this.#read(asked, said, ending.signal).finally(() => over.abort())
    let written = 0
    let beatenAt = performance.now()
    const write = async () => {
      const content = said.text
      const state = await continueAnswer(this.#db, asked, { content, from: written })
      written = content.length
      beatenAt = performance.now()
      return state
    }
    while (!over.signal.aborted) {
      await delay(this.#times.writeMs, undefined, { signal: over.signal }).catch(() => {})
      if (over.signal.aborted) break
      if (said.text.length === written && performance.now() - beatenAt < this.#times.beatMs) continue
      try {
        const state = await write()
        if (state !== 'on') ending.abort(state === 'gone' ? 'gone' : ('stopped' satisfies Ending))
      } catch (err) {
        this.#log.warn({ err, answer: asked.id }, 'part of an answer not written down, trying on')
      }
    }
    const fault = await reading
    await this.#insist(async () => {
      const state = ending.signal.reason === 'gone' ? 'gone' : await write()
      if (state === 'gone') return
      const why: Ending | undefined = ending.signal.reason
      if (why === 'stopped' || (state === 'stop' && fault)) await finishAnswer(this.#db, asked, { stopped: true })
      else if (why === 'closing') await failAnswer(this.#db, asked, 'interrupted')
      else if (fault) await this.#fail(asked, fault)
      else await finishAnswer(this.#db, asked, { stopped: false })
    })
  }

  /** Null when it was said to the end. Never throws. */
  async #read(asked: Asked, said: Said, signal: AbortSignal): Promise<AnswerFault | null> {
    try {
      const messages = await readHistory(this.#db, asked)
      for await (const bit of complete(this.#assistant, { messages, signal, times: this.#times })) {
        if (!said.add(bit)) return new AnswerFault('too-long', 'longer than a message may be')
      }
      return said.isBlank ? new AnswerFault('empty', 'nothing was said') : null
    } catch (error) {
      if (error instanceof AnswerFault) return error
      if (!signal.aborted) this.#log.warn({ err: error, answer: asked.id }, 'answer broken off')
      return new AnswerFault('interrupted', 'failed here')
    }
  }

  async #fail(asked: Asked, { failure, message }: AnswerFault): Promise<void> {
    this.#log.warn({ answer: asked.id, failure, fault: message }, 'the assistant gave no whole answer')
    await failAnswer(this.#db, asked, failure)
  }

  /** While the database is away, for as long as the answer counts as alive. Done twice it does no more than once. */
  async #insist(step: () => Promise<void>): Promise<void> {
    for (let pauseMs = 100; ; pauseMs *= 2) {
      try {
        return await step()
      } catch (err) {
        if (this.#closing.signal.aborted || pauseMs > 6_400) throw err
        await delay(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => {})
      }
    }
  }
}
