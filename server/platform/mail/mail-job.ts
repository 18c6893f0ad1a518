/**
 * Sends what is queued. Each attempt is claimed by one UPDATE that counts it and moves the mail's `due_at` ahead by a lease, past rows
 * that others hold: so of several instances one has it, and no transaction, lock or connection is held while a mail server takes
 * its time. The attempt ends before the lease does; then the mail is marked as sent, as due later, or as given up.
 *
 * How often a mail arrives. Committed and not marked, it is claimed again when the lease is over: at least once, whatever dies.
 * Marked, it is never claimed again. So twice only where a mail server said 250 and nobody could write that down within the
 * lease, or where its 250 was lost on the way: then with the same Message-ID, by which mail programs and servers tell that it is one.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { and, asc, eq, isNull, lte, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config/config.ts'
import type { Database } from '../db/database.ts'
import { rowsOf } from '../db/rows.ts'
import { composeMail, type QueuedMail } from './mail-message.ts'
import { MailFault, type MailSender } from './mail-sender.ts'
import { mails } from './table.ts'

export interface MailTimes {
  /** Much longer than an attempt, with the reading and writing around it. */
  leaseMs: number
  attemptMs: number
  /** When the server closes, an attempt under way may take this long; it is broken off then. */
  graceMs: number
}
const usualTimes: MailTimes = { leaseMs: 120_000, attemptMs: 30_000, graceMs: 5_000 }
const atOnce = 4
/** With the pauses between them, 17 to 26 hours. */
const maxAttempts = 13
const firstPauseMs = 15_000
const keptDays = 30
const deletedAtOnce = 1000

export class MailJob {
  readonly #db: Database
  readonly #config: Config
  readonly #sender: MailSender
  readonly #log: FastifyBaseLogger
  readonly #times: MailTimes
  readonly #sending = new Set<Promise<void>>()
  readonly #breakingOff = new AbortController()
  #closed = false
  #filling: Promise<void> | undefined
  #again = false
  /** What was told last of a server that takes no mails; null while it does. */
  #trouble: string | null = null

  constructor(
    db: Database,
    config: Config,
    sender: MailSender,
    log: FastifyBaseLogger,
    times: Partial<MailTimes> = {},
  ) {
    this.#db = db
    this.#config = config
    this.#sender = sender
    this.#log = log
    this.#times = { ...usualTimes, ...times }
  }

  /** Begins to send what is due now, a few at once. Resolves when nothing more can be begun. @throws what the database throws */
  wake(): Promise<void> {
    this.#again = true
    this.#filling ??= this.#fill()
    return this.#filling
  }

  /** Begins nothing more. What is under way is finished, or broken off and given back. */
  async close(): Promise<void> {
    this.#closed = true
    const tooLong = setTimeout(() => this.#breakingOff.abort(), this.#times.graceMs)
    await this.#filling?.catch(() => {})
    await Promise.all(this.#sending)
    clearTimeout(tooLong)
  }

  async #fill() {
    // Not at once: `wake` has yet to keep the promise that ends here.
    await null
    try {
      while (this.#again && !this.#closed) {
        this.#again = false
        while (this.#sending.size < atOnce && !this.#closed) {
          const mail = await this.#claim()
          if (!mail) break
          const sending = this.#attempt(mail).then((goOn) => {
            this.#sending.delete(sending)
            if (goOn) void this.wake().catch((err) => this.#log.debug({ err }, 'queue of mails not read'))
          })
          this.#sending.add(sending)
        }
      }
    } finally {
      this.#filling = undefined
    }
  }

  async #claim(): Promise<QueuedMail | undefined> {
    const due = this.#db.$with('due').as(
      this.#db
        .select({ id: mails.id })
        .from(mails)
        // `due_at` is rounded to the millisecond, so up to half of one ahead of the clock that set it.
        .where(and(isNull(mails.sentAt), isNull(mails.failedAt), lte(mails.dueAt, sql`now() + interval '1 ms'`)))
        .orderBy(asc(mails.dueAt))
        .limit(1)
        .for('update', { skipLocked: true }),
    )
    const [mail] = await this.#db
      .with(due)
      .update(mails)
      .set({ attempts: sql`${mails.attempts} + 1`, dueAt: after(this.#times.leaseMs) })
      .from(due)
      .where(eq(mails.id, due.id))
      .returning()
    return mail as QueuedMail | undefined
  }

  /** Never throws. False when it is of no use to try another one now. */
  async #attempt(mail: QueuedMail): Promise<boolean> {
    try {
      // Counted at its beginning: one that brings the process down each time has an end too.
      if (mail.attempts > maxAttempts) throw new MailFault('never', 'too many attempts')
      const message = await composeMail(this.#db, this.#config, mail)
      if (!message) throw new MailFault('never', 'the link in it is over')
      const signal = AbortSignal.any([this.#breakingOff.signal, AbortSignal.timeout(this.#times.attemptMs)])
      await this.#sender.send(message, signal)
    } catch (error) {
      return this.#failed(mail, error).catch((err) => {
        this.#log.warn({ err, mail: mail.id }, 'mail not given back, its lease ends by itself')
        return false
      })
    }
    await this.#sent(mail)
    return true
  }

  /** The moment to hold on to: as long as this is not written, the mail would be sent again. */
  async #sent(mail: QueuedMail) {
    const until = performance.now() + (this.#times.leaseMs - this.#times.attemptMs) / 2
    for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
      try {
        await this.#db.update(mails).set({ sentAt: sql`now()`, lastFault: null }).where(eq(mails.id, mail.id))
        break
      } catch (err) {
        if (performance.now() > until || this.#breakingOff.signal.aborted) {
          return this.#log.warn({ err, mail: mail.id }, 'mail sent but not marked, it may be sent again')
        }
        await delay(pauseMs, undefined, { signal: this.#breakingOff.signal }).catch(() => {})
      }
    }
    this.#log.debug({ mail: mail.id, template: mail.template, attempts: mail.attempts }, 'mail sent')
    if (this.#trouble) this.#log.info('the mail server takes mails again')
    this.#trouble = null
  }

  async #failed(mail: QueuedMail, error: unknown): Promise<boolean> {
    const { id, template, attempts } = mail
    // Nobody else's attempt: if the lease is over, the mail is another's.
    const own = and(eq(mails.id, id), eq(mails.attempts, attempts), isNull(mails.sentAt))
    if (this.#breakingOff.signal.aborted) {
      await this.#db
        .update(mails)
        .set({ attempts: attempts - 1, dueAt: sql`now()` })
        .where(own)
      return false
    }
    // Messages of errors that we do not know may hold anything.
    const { kind, message } =
      error instanceof MailFault ? error : { kind: 'later', message: error instanceof Error ? error.name : 'failed' }
    if (kind === 'never' || attempts >= maxAttempts) {
      await this.#db.update(mails).set({ failedAt: sql`now()`, lastFault: message }).where(own)
      this.#log.warn({ mail: id, template, attempts, fault: message }, 'mail given up')
    } else {
      await this.#db
        .update(mails)
        .set({ dueAt: after(pauseBeforeMs(attempts)), lastFault: message })
        .where(own)
      const known = error instanceof MailFault ? { fault: message } : { err: error }
      // Of a server that is away for an hour once, not at each mail.
      const told = kind === 'server' && this.#trouble === message
      this.#log[told ? 'debug' : 'warn']({ mail: id, template, attempts, ...known }, 'mail not sent, trying on')
      if (kind === 'server') this.#trouble = message
    }
    return kind !== 'server'
  }
}

/** Twice as long each time, and up to half as much again: what failed together does not come back together. */
const pauseBeforeMs = (attempts: number) => firstPauseMs * 2 ** (attempts - 1) * (1 + Math.random() / 2)

const after = (ms: number) => sql`now() + make_interval(secs => ${ms / 1000}::float8)`

/** Sent, given up or forgotten: after a month nobody asks. Returns how many went. */
export async function deleteOldMails(db: Database, signal?: AbortSignal): Promise<number> {
  for (let deleted = 0; ; ) {
    const gone = await db.execute(sql`
      delete from ${mails} where id in (
        select id from ${mails} where created_at < now() - make_interval(days => ${keptDays}::int) limit ${deletedAtOnce}::int
      ) returning 1`)
    const count = rowsOf(gone).length
    deleted += count
    if (count < deletedAtOnce || signal?.aborted) return deleted
  }
}
