/** Text search in the drafts that a user writes in: by title, and by the text of a segment, all of whose words are in that one segment. */
import { desc, eq, sql } from 'drizzle-orm'
import type { HitOf } from '../../../shared/search.ts'
import { excerptOf } from '../../../shared/search-words.ts'
import { searchScope, searchWords } from '../../platform/db/columns.ts'
import type { Database } from '../../platform/db/database.ts'
import { type Given, preparedQuery } from '../../platform/db/prepared.ts'
import { mostFromIndex, mostRead, searchQuery } from '../../platform/db/text-search.ts'
import { draftCollaborators, draftSegments, drafts, segmentWords } from './table.ts'

/** The newest of a user's drafts, which are searched: the words of each have a scope of their own, because its readers change. */
const mostDrafts = mostRead

interface Asked {
  /** Absent: all fit. */
  text: string | undefined
  limit: number
}

/** Those with all words in the title first, then the newest. */
export async function searchDrafts(
  db: Database,
  { id: userId }: { id: string },
  asked: Asked,
): Promise<HitOf<'draft'>[]> {
  const rows = await readFitting(db, { userId, ...asked })
  return rows.map(({ id, title, state, createdAt, inTitle, text }) => ({
    kind: 'draft',
    id,
    title,
    state,
    inTitle,
    excerpt: asked.text === undefined ? null : excerptOf(text, title, asked.text),
    at: createdAt.toISOString(),
  }))
}

const readFitting = preparedQuery(null, (db, { userId, text, limit }: Given<{ userId: string } & Asked>) => {
  const { id, title, state, createdAt } = drafts
  // With a limit it is looked up for each: as a plain join Postgres may read the whole table for it.
  const one = db
    .select({ id, title, state, createdAt })
    .from(drafts)
    .where(eq(id, draftCollaborators.draftId))
    .limit(1)
    .as('one')
  const own = db
    .select({ id: one.id, title: one.title, state: one.state, createdAt: one.createdAt })
    .from(draftCollaborators)
    .crossJoinLateral(one)
    .where(eq(draftCollaborators.userId, userId))
    .orderBy(desc(draftCollaborators.draftId))
  const mine = db.$with('mine').as(own.limit(mostDrafts))
  const scopes = sql`(select array_agg(${searchScope(sql`id`)}) from mine)`
  const segments = text
    ? sql`(
        select distinct on (draft_id) draft_id, text from (
          select draft_id, position, text from ${draftSegments}
          where ${segmentWords(draftSegments)} @@ ${searchQuery(text, scopes)} limit ${sql.raw(String(mostFromIndex))}
        ) as found order by draft_id, position desc
      ) as segment`
    : sql`(select null::uuid as draft_id, null::text as text) as segment`
  const inTitle = text ? sql<boolean>`${searchWords([mine.title])} @@ ${searchQuery(text)}` : sql<boolean>`false`
  return db
    .with(mine)
    .select({
      id: mine.id,
      title: mine.title,
      state: mine.state,
      createdAt: mine.createdAt,
      inTitle: inTitle.as('in_title'),
      text: sql<string | null>`segment.text`.as('text'),
    })
    .from(mine)
    .leftJoin(segments, sql`segment.draft_id = ${mine.id}`)
    .where(text && sql`(segment.text is not null or ${inTitle})`)
    .orderBy(desc(sql`in_title`), desc(mine.id))
    .limit(limit)
})
