import { alertReads } from '../features/alerts/table.ts'
import { answers, conversations, messages } from '../features/conversations/table.ts'
import { draftCollaborators, draftDepartures, draftSegments, drafts } from '../features/drafts/table.ts'
import { driftHistory, drifts } from '../features/drifts/table.ts'
import { groupInvitations, groupMemberships, groups } from '../features/groups/table.ts'
import { taskLists, tasks } from '../features/tasks/table.ts'
import { idempotencyKeys } from '../platform/idempotency/table.ts'
import { identities, oneTimeTokens, passwords, sessions, users } from '../platform/identity/table.ts'
import { invitations } from '../platform/invitations/table.ts'
import { channels, events } from '../platform/live/table.ts'

/** What mutations change, but for the audit log. */
export const mutableTables = {
  alertReads,
  drafts,
  drifts,
  driftHistory,
  draftSegments,
  draftCollaborators,
  draftDepartures,
  groups,
  groupMemberships,
  groupInvitations,
  invitations,
  users,
  identities,
  sessions,
  channels,
  events,
  idempotencyKeys,
  passwords,
  oneTimeTokens,
  tasks,
  taskLists,
  conversations,
  messages,
  answers,
}
