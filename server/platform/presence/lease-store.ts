/**
 * Leases in the database, whose clock decides: one is live while its instance beats and nobody has left, and for a grace
 * beyond. Only its own instance writes a lease; another one may sweep it away with its dead instance.
 */
import { and, asc, eq, gt, inArray, isNull, lt, min, or, sql } from 'drizzle-orm'
import type { PersonRef } from '../../../shared/person-ref.ts'
import type { Database } from '../db/database.ts'
import { users } from '../identity/table.ts'
import { presenceLeases, presenceServers } from './table.ts'

export interface PresenceTimes {
  beatEveryMs: number
  /** An instance whose last beat is older is dead. Several beats long. */
  expireMs: number
  /** How long somebody who left, or whose instance died, is still shown: reloading a page must not blink. */
  graceMs: number
  lookEveryMs: number
  /** How long a word of writing holds. */
  writingMs: number
}

export interface LeaseRow {
  room: string
  userId: string
  /** `gone`: no grace. */
  state: 'here' | 'left' | 'gone'
}

const rowsPerStatement = 1000

const ago = (ms: number) => sql`now() - ${ms} * interval '1 millisecond'`
const leftAt = { here: null, left: sql`now()`, gone: sql`'-infinity'::timestamptz` }

/** False when this instance was not known, or was taken for dead: its leases are gone, and have to be saved again. */
export async function beat(db: Database, serverId: string): Promise<boolean> {
  const known = await db
    .update(presenceServers)
    .set({ beatAt: sql`now()` })
    .where(eq(presenceServers.id, serverId))
    .returning({ id: presenceServers.id })
  if (known.length === 0) await db.insert(presenceServers).values({ id: serverId })
  return known.length > 0
}

/** After a beat. No lease twice in `leases`. */
export async function saveLeases(db: Database, serverId: string, leases: LeaseRow[]): Promise<void> {
  for (let at = 0; at < leases.length; at += rowsPerStatement) {
    const rows = leases
      .slice(at, at + rowsPerStatement)
      .map(({ room, userId, state }) => ({ room, userId, serverId, leftAt: leftAt[state] }))
    await db
      .insert(presenceLeases)
      .values(rows)
      .onConflictDoUpdate({
        target: [presenceLeases.room, presenceLeases.userId, presenceLeases.serverId],
        set: { leftAt: sql`excluded.left_at` },
      })
  }
}

/** Removes dead instances with their leases, and what was left long ago here; returns the latter. */
export async function sweep(db: Database, serverId: string, { expireMs, graceMs }: PresenceTimes) {
  // Not those that another instance is just removing, which would be waited for.
  const dead = db
    .select({ id: presenceServers.id })
    .from(presenceServers)
    .where(lt(presenceServers.beatAt, ago(expireMs + graceMs)))
    .for('update', { skipLocked: true })
  await db.delete(presenceServers).where(inArray(presenceServers.id, dead))
  return db
    .delete(presenceLeases)
    .where(and(eq(presenceLeases.serverId, serverId), lt(presenceLeases.leftAt, ago(graceMs))))
    .returning({ room: presenceLeases.room, userId: presenceLeases.userId })
}

/** Who is in each of these rooms, each person once, in the order in which they came. */
export async function readPeople(
  db: Database,
  rooms: string[],
  { expireMs, graceMs }: PresenceTimes,
): Promise<Map<string, PersonRef[]>> {
  const people = new Map<string, PersonRef[]>(rooms.map((room) => [room, []]))
  for (let at = 0; at < rooms.length; at += rowsPerStatement) {
    const rows = await db
      .select({
        room: presenceLeases.room,
        person: { id: users.id, displayName: users.displayName, avatarUrl: users.avatarUrl },
      })
      .from(presenceLeases)
      .innerJoin(presenceServers, eq(presenceServers.id, presenceLeases.serverId))
      .innerJoin(users, eq(users.id, presenceLeases.userId))
      .where(
        and(
          inArray(presenceLeases.room, rooms.slice(at, at + rowsPerStatement)),
          gt(presenceServers.beatAt, ago(expireMs + graceMs)),
          or(isNull(presenceLeases.leftAt), gt(presenceLeases.leftAt, ago(graceMs))),
        ),
      )
      .groupBy(presenceLeases.room, users.id)
      .orderBy(asc(min(presenceLeases.enteredAt)), asc(users.id))
    for (const { room, person } of rows) people.get(room)?.push(person)
  }
  return people
}
