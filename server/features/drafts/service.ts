/**
 * Drafts. Only collaborators see one: to everybody else it is as if it were not there. Whatever changes a draft holds its
 * row to the commit, so ring, segments and events of one draft have one order.
 */
import { and, asc, desc, eq, lt, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { CreateDraft, Draft, DraftSummary, RenameDraft, TellWriting } from '../../../shared/drafts.ts'
import type { PageRequest } from '../../../shared/pages.ts'
import type { Database } from '../../platform/db/database.ts'
import { toPage } from '../../platform/db/page.ts'
import { withSnapshot, withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { users } from '../../platform/identity/table.ts'
import { withdrawAllInvitations } from '../../platform/invitations/invitations.ts'
import type { Following } from '../../platform/live/access-watch.ts'
import { readCursor } from '../../platform/live/channel-store.ts'
import { openChannel, publish } from '../../platform/live/publish.ts'
import type { Presence } from '../../platform/presence/presence.ts'
import { draftChannel } from './channel.ts'
import { listCollaborators } from './collaborators.ts'
import { ownsDraft } from './policy.ts'
import { changeDraft, findDraft, invitedInto, toSummary } from './rows.ts'
import { draftCollaborators, draftSegments, drafts } from './table.ts'

export { draftChannel } from './channel.ts'
export { addCollaborator, leaveDraft, removeCollaborator } from './collaborators.ts'
export { handOverDrafts } from './hand-over.ts'
export { draftInvitations, listDraftInvitations, requireInviter, withdrawDraftInvitation } from './invitations.ts'
export { passRing, takeRing } from './ring.ts'
export { findDraft } from './rows.ts'
export { searchDrafts } from './search.ts'

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
    const collaborators = await listCollaborators(tx, draftId)
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
    if (state === 'closed') await withdrawAllInvitations(tx, invitedInto(draftId))
    await publish(tx, draftChannel(draftId), { type: 'draft.updated', actorId: actor.id, title, state })
    return change
  })
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
