/**
 * Whether a run kept the promise: nothing lost, doubled or reordered. Compares three witnesses that know nothing of each other: what
 * writers were answered, what the tables hold, what readers were given. Pure, so that it can be shown to see what is wrong.
 */

import { checkFeeds } from './feed-checker.ts'
import { History } from './history.ts'
import type { ReadEntry, WriteEntry } from './journal.ts'
import { checkWrites } from './write-checker.ts'

export interface StoredEvent {
  channel: string
  seq: number
  type: string
  payload: Record<string, unknown>
  actorId: string | null
  at: Date
}

export interface Stored {
  drafts: { id: string; ownerId: string; ringHolderId: string; title: string; segmentCount: number }[]
  channels: { id: string; epoch: string; head: number }[]
  /** By channel, in the order of their numbers. */
  events: StoredEvent[]
  collaborators: { draftId: string; userId: string }[]
  segments: { id: string; draftId: string; authorId: string | null; position: number; text: string }[]
}

/** The database came back as it was: what was written in between is lost, and its numbers are given again. */
export interface SetBack {
  savedAt: number
  returnedAt: number
}

export interface Evidence {
  /** Without those of what was lost by a set-back. */
  writes: WriteEntry[]
  reads: ReadEntry[]
  stored: Stored
  setBack?: SetBack | null
}

export const violationKinds = [
  'lost',
  'gap',
  'doubled',
  'reordered',
  /** Not the same by every way. */
  'altered',
  /** Nobody asked for it, or it was refused. */
  'invented',
  /** A reader had to begin anew, though nothing was trimmed or restored. */
  'resync',
  /** A reader was sent away. */
  'ended',
  /** A writer was answered what no fault explains. */
  'refused',
] as const
export type ViolationKind = (typeof violationKinds)[number] | 'process'

export interface Violation {
  kind: ViolationKind
  detail: string
}
export type Report = (kind: ViolationKind, detail: string) => void

export function check({ writes, reads, stored, setBack = null }: Evidence): Violation[] {
  const violations: Violation[] = []
  const report: Report = (kind, detail) => violations.push({ kind, detail })
  const histories = new Map(stored.drafts.map((draft) => [draft.id, new History(draft, stored, report)]))
  checkWrites(writes, stored, report)
  checkFeeds(reads, histories, setBack, report)
  return violations
}
