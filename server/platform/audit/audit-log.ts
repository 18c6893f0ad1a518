/**
 * The record of who changed what, written in the transaction of the change: one is never there without the other. Procedures
 * declare it (`meta.audit`) and the middleware around them writes it; what begins elsewhere calls `recordAudit` itself.
 */

import { newId } from '../db/columns.ts'
import type { Database } from '../db/database.ts'
import { type Given, preparedQuery } from '../db/prepared.ts'
import { send } from '../db/transaction.ts'
import { auditLogs } from './table.ts'

type Columns = Record<string, unknown>

/** Where a call came from. */
export interface Origin {
  readonly ip: string
  readonly requestId: string
  /** Absent where it came by none. */
  readonly apiKeyId?: string
}

export interface AuditEntry extends Origin {
  /** Null where nobody is signed in. */
  actorId: string | null
  /** The procedure's path, such as `drafts.rename`. */
  action: string
  /** `noun:id` */
  target: string
  before?: Columns | null
  after?: Columns | null
}

export async function recordAudit(tx: Database, { before, after, ...entry }: AuditEntry): Promise<void> {
  const values = {
    id: newId(),
    ...entry,
    actorId: entry.actorId ?? undefined,
    before: withoutSecrets(before) ?? undefined,
    after: withoutSecrets(after) ?? undefined,
  }
  await send(tx, insertRecord(tx, values))
}

type Values = { id: string; actorId: string | undefined; before: Columns | undefined; after: Columns | undefined }

/** A column without a value is null. */
const insertRecord = preparedQuery('audit', (db, values: Given<Values & Omit<AuditEntry, keyof Values>>) =>
  db.insert(auditLogs).values(values),
)

type Change = { before: Columns; after: Columns | null }
const noted = new WeakMap<Database, Change>()
const notedOfMany = new WeakMap<Database, Map<string, Change>>()

/**
 * Tells the record of the mutation whose transaction this is which columns of `row` it changes, and to what; null when the
 * row is removed. The record has the input beside it.
 */
export function noteChange<Row extends object>(tx: Database, row: Row, changed: Partial<Row> | null): void {
  noted.set(tx, toChange(row, changed))
}

/** As `noteChange`, for each row that a call about several changes (`meta.audit.each`): the row with this id has a record of its own. */
export function noteChangeOf<Row extends { id: string }>(tx: Database, row: Row, changed: Partial<Row> | null): void {
  const changes = notedOfMany.get(tx) ?? new Map<string, Change>()
  notedOfMany.set(tx, changes.set(row.id, toChange(row, changed)))
}

function toChange(row: object, changed: object | null): Change {
  const columns = Object.entries(row).filter(([column]) => changed === null || Object.hasOwn(changed, column))
  return { before: Object.fromEntries(columns), after: changed as Columns | null }
}

export const notedChange = (tx: Database): Change | undefined => noted.get(tx)

export const notedChanges = (tx: Database): ReadonlyMap<string, Change> => notedOfMany.get(tx) ?? new Map()

const secret = /password|secret|token|hash|accessCode|^code$|^key$/i

/** Names decide, at any depth: a record is read by people who must not be able to act as somebody else. */
function withoutSecrets(value: Columns | null | undefined): Columns | null {
  if (!value) return null
  return JSON.parse(JSON.stringify(value, (name, inner) => (secret.test(name) && inner !== null ? '[removed]' : inner)))
}
