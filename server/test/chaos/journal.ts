/**
 * What each program of a run saw, kept outside the server: one JSON line an entry, written before the program goes on. Times are
 * milliseconds of the machine's monotonic clock, so those of different processes may be compared.
 */
import { createHash } from 'node:crypto'
import { openSync, readFileSync, writeSync } from 'node:fs'

export type WriteKind = 'append' | 'rename' | 'pass' | 'add' | 'remove'

/** One call is an intent, any number of repeats, and then an acknowledgement or a refusal. */
export type WriteEntry = { at: number; key: string } & (
  | {
      step: 'intent'
      kind: WriteKind
      draftId: string
      actorId: string
      /** The text, the title, or the person: what the event should hold. */
      what: string
    }
  | { step: 'acknowledged'; position?: number }
  /** No answer, or one that says to try again: whether it took effect is not known. */
  | { step: 'repeated'; code: string }
  | { step: 'refused'; code: string }
)

/** `feed` names one reader of one draft from its first snapshot on. */
export type ReadEntry = { at: number; feed: string } & (
  | { step: 'opened'; draftId: string }
  | { step: 'snapshot'; cursor: string; title: string; ringHolderId: string; segments: string }
  | { step: 'event'; epoch: string; seq: number; digest: string }
  | { step: 'resync' }
  | { step: 'state'; state: string }
  /** By itself, which is no part of a run. */
  | { step: 'ended'; code: string }
  | { step: 'closed' }
)

type Untimed<Entry> = Entry extends unknown ? Omit<Entry, 'at'> : never

export class Journal<Entry extends { at: number }> {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  note(entry: Untimed<Entry>): void {
    writeSync(this.#file, `${JSON.stringify({ at: now(), ...entry })}\n`)
  }
}

export function readJournal<Entry>(path: string): Entry[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

export const now = () => Number(process.hrtime.bigint()) / 1e6

/** Of a value whatever the order of its keys: an event must be the same by every way on which it came. */
export function digestOf(value: unknown): string {
  return createHash('sha1')
    .update(JSON.stringify(sorted(value)))
    .digest('hex')
    .slice(0, 16)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]))
}

/** Of ids in their order, one after another: `digest = chained(digest, id)`, from ''. */
export const chained = (before: string, id: string) => digestOf([before, id])
