/**
 * Drafts. Only collaborators see one: to everybody else it is as if it were not there. Whatever changes a draft holds its
 * row to the commit, so ring, segments and events of one draft have one order.
 */
import { and, asc, count, desc, eq, lt, sql } from 'drizzle-orm'
import type { z } from 'zod'
import {
  type AddCollaborator,
  type CreateDraft,
  type Draft,
  type DraftSummary,
  draftLimits,
  type PassRing,
  type RemoveCollaborator,
  type RenameDraft,
  type TellWriting,
} from '../../../shared/drafts.ts'
import type { PageRequest } from '../../../shared/pages.ts'
import type { PersonRef } from '../../../shared/person-ref.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { toPage } from '../../platform/db/page.ts'
import { withSnapshot, withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { findPersonNamed } from '../../platform/identity/person-names.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { users } from '../../platform/identity/table.ts'
import type { Following } from '../../platform/live/access-watch.ts'
import { readCursor } from '../../platform/live/channel-store.ts'
import { openChannel, publish } from '../../platform/live/publish.ts'
import type { Presence } from '../../platform/presence/presence.ts'
import { draftChannel } from './channel.ts'
import { canRemove, holdsRing, ownsDraft } from './policy.ts'
import { type DraftRow, draftCollaborators, draftSegments, drafts } from './table.ts'

export { draftChannel } from './channel.ts'
export { handOverDrafts } from './hand-over.ts'

const personColumns = { id: users.id, displayName: users.displayName, avatarUrl: users.avatarUrl }

export async function createDraft(
  db: Database,
  actor: Actor,
  { title }: z.infer<typeof CreateDraft>,
): Promise<DraftSummary> {
  return withTransaction(db, async (tx) => {
    const [draft] = await tx.insert(drafts).values({ title, ownerId: actor.id, ringHolderId: actor.id }).returning()
    if (!draft) throw new Error('insert returned no row')
    await tx.insert(draftCollaborators).values({ draftId: draft.id, userId: actor.id })
    await openChannel(tx, draftChannel(draft.id))
    return toSummary(draft)
  })
}

/** Those that the actor writes in, the newest first. */
export async function listDrafts(db: Database, actor: Actor, page: PageRequest) {
  const { cursor, limit } = page
  const mine = eq(draftCollaborators.userId, actor.id)
  const rows = await db
    .select({ draft: drafts, ringHolder: personColumns })
    .from(draftCollaborators)
    .innerJoin(drafts, eq(drafts.id, draftCollaborators.draftId))
    .innerJoin(users, eq(users.id, drafts.ringHolderId))
    .where(cursor ? and(mine, lt(draftCollaborators.draftId, cursor)) : mine)
    .orderBy(desc(draftCollaborators.draftId))
    .limit(limit + 1)
  const items = rows.map(({ draft, ringHolder }) => ({ ...toSummary(draft), ringHolder }))
  return toPage(items, page, (item) => item)
}

/** All of it as of one moment, with the cursor of that moment. @throws AppError NOT_FOUND */
export async function getDraft(db: Database, actor: Actor, draftId: string): Promise<Draft> {
  return withSnapshot(db, async (tx) => {
    const draft = await findDraft(tx, actor, draftId)
    const collaborators = await tx
      .select(personColumns)
      .from(draftCollaborators)
      .innerJoin(users, eq(users.id, draftCollaborators.userId))
      .where(eq(draftCollaborators.draftId, draftId))
      .orderBy(asc(draftCollaborators.addedAt), asc(users.id))
    const segments = await tx
      .select({ segment: draftSegments, author: personColumns })
      .from(draftSegments)
      .leftJoin(users, eq(users.id, draftSegments.authorId))
      .where(eq(draftSegments.draftId, draftId))
      .orderBy(asc(draftSegments.position))
    return {
      ...toSummary(draft),
      collaborators,
      segments: segments.map(({ segment: { id, position, text, createdAt }, author }) => ({
        id,
        position,
        author,
        text,
        createdAt: createdAt.toISOString(),
      })),
      cursor: await readCursor(tx, draftChannel(draftId)),
    }
  })
}

/** Hands the ring to a collaborator, named as for `addCollaborator`. Only its holder may; passing to oneself changes nothing. */
export async function passRing(
  db: Database,
  actor: Actor,
  { draftId, to }: z.infer<typeof PassRing>,
): Promise<DraftSummary> {
  return changeDraft(db, actor, draftId, async (tx, draft) => {
    if (!holdsRing(actor, draft)) throw new AppError('RING_NOT_HELD')
    const next = await findPersonNamed(tx, to)
    if (next?.id === actor.id) return {}
    if (!next || !(await isCollaborator(tx, draftId, next.id))) throw new AppError('NOT_A_COLLABORATOR')
    await publish(tx, draftChannel(draftId), { type: 'ring.passed', actorId: actor.id, from: actor.id, to: next.id })
    return { ringHolderId: next.id }
  })
}

/** By user id, legacy id, username or e-mail address. Adding somebody twice changes nothing. @throws AppError PERSON_NOT_FOUND */
export async function addCollaborator(
  db: Database,
  actor: Actor,
  { draftId, person }: z.infer<typeof AddCollaborator>,
): Promise<PersonRef> {
  let added: PersonRef | undefined
  await changeDraft(db, actor, draftId, async (tx, draft) => {
    if (!ownsDraft(actor, draft)) throw new AppError('NOT_DRAFT_OWNER')
    added = await findPerson(tx, person)
    if (!added) throw new AppError('PERSON_NOT_FOUND')
    const [already] = await tx
      .select({ number: count() })
      .from(draftCollaborators)
      .where(eq(draftCollaborators.draftId, draftId))
    const inserted = await tx
      .insert(draftCollaborators)
      .values({ draftId, userId: added.id })
      .onConflictDoNothing()
      .returning({ userId: draftCollaborators.userId })
    if (inserted.length === 0) return {}
    if ((already?.number ?? 0) >= draftLimits.collaborators) throw new AppError('DRAFT_FULL')
    noteChange(tx, { collaboratorId: null as string | null }, { collaboratorId: added.id })
    await publish(tx, draftChannel(draftId), { type: 'collaborator.added', actorId: actor.id, person: added })
    return {}
  })
  return added as PersonRef
}

/** The owner removes anybody else; others remove themselves. A removed holder's ring goes to the owner. */
export async function removeCollaborator(
  db: Database,
  actor: Actor,
  { draftId, userId }: z.infer<typeof RemoveCollaborator>,
) {
  return changeDraft(db, actor, draftId, async (tx, draft) => {
    if (!canRemove(actor, draft, userId)) throw new AppError('NOT_DRAFT_OWNER')
    const removed = await tx
      .delete(draftCollaborators)
      .where(and(eq(draftCollaborators.draftId, draftId), eq(draftCollaborators.userId, userId)))
      .returning({ userId: draftCollaborators.userId })
    if (removed.length === 0) throw new AppError('NOT_A_COLLABORATOR')
    const ringHolderId = draft.ringHolderId === userId ? draft.ownerId : draft.ringHolderId
    await publish(tx, draftChannel(draftId), { type: 'collaborator.removed', actorId: actor.id, userId, ringHolderId })
    return { ringHolderId }
  })
}

export async function renameDraft(db: Database, actor: Actor, { draftId, title }: z.infer<typeof RenameDraft>) {
  return updateDraft(db, actor, draftId, { title })
}

/** For good: a closed draft is read only, and cannot be closed again (DRAFT_CLOSED). */
export async function closeDraft(db: Database, actor: Actor, draftId: string) {
  return updateDraft(db, actor, draftId, { state: 'closed' })
}

/** That the actor types, or has stopped: a hint to whoever is here, kept nowhere. @throws AppError NOT_FOUND, DRAFT_CLOSED */
export async function tellWriting(
  db: Database,
  presence: Presence,
  actor: Actor,
  { draftId, writing }: z.infer<typeof TellWriting>,
) {
  const draft = await findDraft(db, actor, draftId)
  if (draft.state === 'closed') throw new AppError('DRAFT_CLOSED')
  presence.tellWriting(draftChannel(draftId), actor.id, writing)
  return { writing }
}

async function updateDraft(db: Database, actor: Actor, draftId: string, change: { title?: string; state?: 'closed' }) {
  return changeDraft(db, actor, draftId, async (tx, draft) => {
    if (!ownsDraft(actor, draft)) throw new AppError('NOT_DRAFT_OWNER')
    const { title, state } = { ...draft, ...change }
    await publish(tx, draftChannel(draftId), { type: 'draft.updated', actorId: actor.id, title, state })
    return change
  })
}

/** @throws AppError NOT_FOUND, also for somebody who may not know of it */
export async function findDraft(db: Database, actor: { id: string }, draftId: string): Promise<DraftRow> {
  const [row] = await visibleDraft(db, actor, draftId)
  if (!row) throw new AppError('NOT_FOUND')
  return row.draft
}

/** Those of the followers of drafts' channels who still write in them. */
export async function stillCollaborators(db: Database, followings: readonly Following[]): Promise<Following[]> {
  const { draftId, userId } = draftCollaborators
  const draftIds = followings.map(({ channel }) => channel.slice(draftChannel('').length))
  const userIds = followings.map((following) => following.userId)
  const rows = await db
    .select({ draftId, userId })
    .from(draftCollaborators)
    .where(
      sql`(${draftId}, ${userId}) in (select * from unnest(${sql.param(draftIds)}::uuid[], ${sql.param(userIds)}::uuid[]))`,
    )
  const still = new Set(rows.map((row) => `${row.userId} ${draftChannel(row.draftId)}`))
  return followings.filter((following) => still.has(`${following.userId} ${following.channel}`))
}

const visibleDraft = (db: Database, actor: { id: string }, draftId: string) =>
  db
    .select({ draft: drafts })
    .from(drafts)
    .innerJoin(
      draftCollaborators,
      and(eq(draftCollaborators.draftId, drafts.id), eq(draftCollaborators.userId, actor.id)),
    )
    .where(eq(drafts.id, draftId))

/** Locks the draft, lets `change` decide, and keeps what it returns. @throws AppError NOT_FOUND, DRAFT_CLOSED */
async function changeDraft(
  db: Database,
  actor: Actor,
  draftId: string,
  change: (tx: Database, draft: DraftRow) => Promise<Partial<DraftRow>>,
): Promise<DraftSummary> {
  return withTransaction(db, async (tx) => {
    const [locked] = await visibleDraft(tx, actor, draftId).for('update', { of: drafts })
    if (!locked) throw new AppError('NOT_FOUND')
    if (locked.draft.state === 'closed') throw new AppError('DRAFT_CLOSED')
    const changed = await change(tx, locked.draft)
    if (Object.keys(changed).length === 0) return toSummary(locked.draft)
    noteChange(tx, locked.draft, changed)
    const [updated] = await tx.update(drafts).set(changed).where(eq(drafts.id, draftId)).returning()
    return toSummary(updated as DraftRow)
  })
}

async function isCollaborator(tx: Database, draftId: string, userId: string): Promise<boolean> {
  const [row] = await tx
    .select({ userId: draftCollaborators.userId })
    .from(draftCollaborators)
    .where(and(eq(draftCollaborators.draftId, draftId), eq(draftCollaborators.userId, userId)))
  return row !== undefined
}

async function findPerson(tx: Database, named: string): Promise<PersonRef | undefined> {
  const person = await findPersonNamed(tx, named)
  return person?.isActive ? { id: person.id, displayName: person.displayName, avatarUrl: person.avatarUrl } : undefined
}

function toSummary({
  id,
  title,
  state,
  ownerId,
  ringHolderId,
  segmentCount,
  createdAt,
  updatedAt,
}: DraftRow): DraftSummary {
  return {
    id,
    title,
    state,
    ownerId,
    ringHolderId,
    segmentCount,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}
