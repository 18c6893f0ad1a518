/**
 * A mutation that comes again with the key that it came with takes effect once (after the IETF's draft on the Idempotency-Key
 * header). The key is claimed at the beginning of the mutation's own transaction and its answer kept at the end, so a row
 * that can be seen is a mutation that took effect, and one that failed has left no row: it may be tried again. Of two at
 * once the second waits at the primary key until the first has committed or rolled back.
 */
import { createHash } from 'node:crypto'
import { and, eq, lt, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../db/database.ts'
import { type Given, preparedQuery } from '../db/prepared.ts'
import { send } from '../db/transaction.ts'
import { AppError } from '../errors/app-error.ts'
import { idempotencyKeys } from './table.ts'

/** A repeat comes within seconds; a program that was down over the night is still answered. */
const keptHours = 24

export const IdempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'Must be 1 to 255 visible ASCII characters')

/**
 * The key of a call: what stands beside its input, or else the header, which can only speak for a call that is alone.
 * @throws AppError VALIDATION_ERROR
 */
export function idempotencyKeyOf(rawInput: unknown, header: string | undefined, calls: number): string | null {
  const beside = typeof rawInput === 'object' && rawInput !== null && Object.hasOwn(rawInput, 'idempotencyKey')
  if (beside) return parseKey((rawInput as { idempotencyKey: unknown }).idempotencyKey)
  if (header === undefined) return null
  if (calls > 1) throw refused('One Idempotency-Key cannot be the key of several calls: put one beside each input')
  return parseKey(header)
}

function parseKey(given: unknown): string {
  const key = IdempotencyKey.safeParse(given)
  if (!key.success) throw refused(key.error.issues[0]?.message ?? '')
  return key.data
}

const refused = (message: string) =>
  new AppError('VALIDATION_ERROR', { details: [{ field: 'idempotencyKey', message }] })

interface Call {
  actorId: string
  key: string
  procedure: string
  input: unknown
}

/**
 * Runs `mutate` unless it ran before with this key, and then answers as it did then.
 * In the transaction that `mutate` writes in. @throws AppError IDEMPOTENCY_MISMATCH
 */
export async function oncePerKey<Answer>(
  tx: Database,
  { actorId, key, procedure, input }: Call,
  mutate: () => Promise<Answer>,
): Promise<Answer> {
  const requestHash = createHash('sha256')
    .update(`${procedure}\n${canonicalJson(input)}`)
    .digest('base64url')
  const claimed = await claim(tx, { actorId, key, requestHash })
  if (claimed.length === 0) {
    const [earlier] = await tx.select().from(idempotencyKeys).where(rowOf({ actorId, key }))
    // Forgotten in this very moment: asked again, the key is free.
    if (!earlier) throw new AppError('CONFLICT')
    if (earlier.requestHash !== requestHash) throw new AppError('IDEMPOTENCY_MISMATCH')
    return (earlier.answer as { data: Answer }).data
  }
  const data = await mutate()
  await send(tx, storeAnswer(tx, { actorId, key, answer: { data } }))
  return data
}

type Row = { actorId: string; key: string }

const rowOf = ({ actorId, key }: Row | Given<Row>) =>
  and(eq(idempotencyKeys.actorId, actorId), eq(idempotencyKeys.key, key))

const claim = preparedQuery('claim_key', (db, row: Given<Row & { requestHash: string }>) =>
  db.insert(idempotencyKeys).values(row).onConflictDoNothing().returning({ key: idempotencyKeys.key }),
)

const storeAnswer = preparedQuery('store_answer', (db, { answer, ...row }: Given<Row & { answer: object }>) =>
  db
    .update(idempotencyKeys)
    .set({ answer: sql`${answer}` })
    .where(rowOf(row)),
)

/** Returns how many were forgotten. */
export async function forgetOldKeys(db: Database): Promise<number> {
  const old = lt(idempotencyKeys.createdAt, sql`now() - ${sql.raw(`interval '${keptHours} hours'`)}`)
  const forgotten = await db.delete(idempotencyKeys).where(old).returning({ key: idempotencyKeys.key })
  return forgotten.length
}

/** The same for the same input, however its keys are ordered. */
function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_name, inner) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? ''
  )
}
