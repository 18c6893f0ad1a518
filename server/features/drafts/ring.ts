/** The ring: its holder may append. It goes only to a user who may write, so that a holder can always use it or pass it on. */
import type { z } from 'zod'
import type { DraftSummary, GetDraft, PassRing } from '../../../shared/drafts.ts'
import { namedPerson } from '../../../shared/person-name.ts'
import type { Database } from '../../platform/db/database.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { findPersonNamed } from '../../platform/identity/person-names.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { publish } from '../../platform/live/publish.ts'
import { draftChannel } from './channel.ts'
import { findCollaborator } from './collaborators.ts'
import { holdsRing, ownsDraft } from './policy.ts'
import { changeDraft } from './rows.ts'

/**
 * To a collaborator, named as for `addCollaborator`. Only its holder may; passing it to oneself changes nothing.
 * @throws AppError RING_NOT_HELD, NOT_A_COLLABORATOR, COLLABORATOR_CANNOT_WRITE
 */
export async function passRing(
  db: Database,
  actor: Actor,
  { draftId, to, ...names }: z.infer<typeof PassRing>,
): Promise<DraftSummary> {
  return changeDraft(db, actor, draftId, async (tx, draft) => {
    if (!holdsRing(actor, draft)) throw new AppError('RING_NOT_HELD')
    const named = await findPersonNamed(tx, namedPerson(to, names))
    if (named?.id === actor.id) return {}
    const next = named && (await findCollaborator(tx, draftId, named.id))
    if (!next) throw new AppError('NOT_A_COLLABORATOR')
    if (!next.mayWrite) throw new AppError('COLLABORATOR_CANNOT_WRITE')
    await publish(tx, draftChannel(draftId), { type: 'ring.passed', actorId: actor.id, from: actor.id, to: next.id })
    return { ringHolderId: next.id }
  })
}

/** Gives it back to the owner without the holder's consent: a holder may be absent, or have become a viewer. @throws AppError NOT_DRAFT_OWNER */
export async function takeRing(
  db: Database,
  actor: Actor,
  { draftId }: z.infer<typeof GetDraft>,
): Promise<DraftSummary> {
  return changeDraft(db, actor, draftId, async (tx, draft) => {
    if (!ownsDraft(actor, draft)) throw new AppError('NOT_DRAFT_OWNER')
    if (holdsRing(actor, draft)) return {}
    const from = draft.ringHolderId
    await publish(tx, draftChannel(draftId), { type: 'ring.passed', actorId: actor.id, from, to: actor.id })
    return { ringHolderId: actor.id }
  })
}
