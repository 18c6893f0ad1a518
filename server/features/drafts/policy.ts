import { hasCapability } from '../../../shared/capabilities.ts'
import type { User } from '../../platform/identity/table.ts'
import type { DraftRow } from './table.ts'

type Who = { id: string }

export const ownsDraft = (who: Who, draft: Pick<DraftRow, 'ownerId'>) => draft.ownerId === who.id
export const holdsRing = (who: Who, draft: Pick<DraftRow, 'ringHolderId'>) => draft.ringHolderId === who.id
/** The owner decides who writes; others may only leave. The owner cannot leave their own draft. */
export const canRemove = (who: Who, draft: Pick<DraftRow, 'ownerId'>, userId: string) =>
  userId !== draft.ownerId && (ownsDraft(who, draft) || who.id === userId)
/** By the role in the database: a viewer only reads the drafts that they were added to. */
export const mayWrite = ({ role, isActive }: Pick<User, 'role' | 'isActive'>) =>
  isActive && hasCapability(role, 'draft:write')
