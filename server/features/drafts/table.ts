import { type Column, type SQL, sql } from 'drizzle-orm'
import { check, index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { DraftState } from '../../../shared/drafts.ts'
import { createdAt, instant, primaryId, searchIndex, searchWords, updatedAt } from '../../platform/db/columns.ts'
import { users } from '../../platform/identity/table.ts'

export const drafts = pgTable(
  'drafts',
  {
    id: primaryId(),
    title: text('title').notNull(),
    state: text('state', { enum: [...DraftState.options] as ['open', 'closed'] })
      .notNull()
      .default('open'),
    ownerId: uuid('owner_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    ringHolderId: uuid('ring_holder_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** Also the position of the newest segment. */
    segmentCount: integer('segment_count').notNull().default(0),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (draft) => [
    index('drafts_owner_id_idx').on(draft.ownerId),
    index('drafts_ring_holder_id_idx').on(draft.ringHolderId),
    check('drafts_state_check', sql`${draft.state} in ('open', 'closed')`),
  ],
)

export const draftCollaborators = pgTable(
  'draft_collaborators',
  {
    draftId: uuid('draft_id')
      .notNull()
      .references(() => drafts.id, { onDelete: 'cascade' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    addedAt: createdAt(),
  },
  (collaborator) => [
    primaryKey({ columns: [collaborator.draftId, collaborator.userId] }),
    // Mine, the newest first: ids of drafts sort by time.
    uniqueIndex('draft_collaborators_user_id_draft_id_key').on(collaborator.userId, collaborator.draftId),
  ],
)

/** Users who left a draft: for some time they are not added again. */
export const draftDepartures = pgTable(
  'draft_departures',
  {
    draftId: uuid('draft_id')
      .notNull()
      .references(() => drafts.id, { onDelete: 'cascade' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    leftAt: instant('left_at').notNull().defaultNow(),
  },
  (departure) => [
    primaryKey({ columns: [departure.draftId, departure.userId] }),
    index('draft_departures_user_id_idx').on(departure.userId),
  ],
)

export const draftSegments = pgTable(
  'draft_segments',
  {
    id: uuid('id').primaryKey(),
    draftId: uuid('draft_id')
      .notNull()
      .references(() => drafts.id, { onDelete: 'cascade' }),
    authorId: uuid('author_id').references(() => users.id, { onDelete: 'set null' }),
    position: integer('position').notNull(),
    text: text('text').notNull(),
    createdAt: createdAt(),
  },
  (segment) => [
    uniqueIndex('draft_segments_draft_id_position_key').on(segment.draftId, segment.position),
    index('draft_segments_author_id_idx').on(segment.authorId),
    searchIndex('draft_segments_words_idx', segmentWords(segment)),
  ],
)

/** Scoped by the draft, because its readers change. */
export function segmentWords({ text, draftId }: Record<'text' | 'draftId', Column>): SQL {
  return searchWords([text], draftId)
}

export type DraftRow = typeof drafts.$inferSelect
