/** Text search in drifts, by what anybody may read of them. */
import { and, desc, eq, sql } from 'drizzle-orm'
import { driftLimits } from '../../../shared/drifts.ts'
import type { HitOf } from '../../../shared/search.ts'
import { excerptOf } from '../../../shared/search-words.ts'
import { searchWords } from '../../platform/db/columns.ts'
import type { Database } from '../../platform/db/database.ts'
import { type Given, preparedQuery } from '../../platform/db/prepared.ts'
import { fitting, searchQuery } from '../../platform/db/text-search.ts'
import { type ListedRow, listedColumns } from './rows.ts'
import { drifts, driftWords } from './table.ts'

interface Asked {
  text: string
  limit: number
}

/** Those with all words in type and id of their resource first, then those that were detected last. */
export async function searchDrifts(db: Database, asked: Asked): Promise<HitOf<'drift'>[]> {
  const rows = await readFitting(db, asked)
  return rows.map(
    ({ id, resourceType, resourceId, provider, region, externalId, severity, status, detectedAt, inTitle }) => ({
      kind: 'drift',
      id,
      resource: { type: resourceType, id: resourceId, provider, region },
      severity,
      status,
      inTitle,
      excerpt: excerptOf(externalId, [resourceType, resourceId, provider, region].join(' '), asked.text),
      at: detectedAt.toISOString(),
    }),
  )
}

const readFitting = preparedQuery(null, (db, { text, limit }: Given<Asked>) => {
  const { id, resourceType, resourceId, provider, region, externalId, severity, status, detectedAt } = drifts
  const inTitle = sql<boolean>`${searchWords([resourceType, resourceId])} @@ ${searchQuery(text)}`
  return db
    .select({
      id,
      resourceType,
      resourceId,
      provider,
      region,
      externalId,
      severity,
      status,
      detectedAt,
      inTitle: inTitle.as('in_title'),
    })
    .from(
      fitting({ table: drifts, words: driftWords(drifts), query: searchQuery(text), where: undefined, order: newest }),
    )
    .orderBy(desc(sql`in_title`), newest)
    .limit(limit)
})

interface Filtered {
  text: string
  status: string | undefined
  severity: string | undefined
  provider: string | undefined
}

/** The newest first. If all that fit are more than `driftLimits.found`, these are some of them, with the newest. */
export const findDrifts: (db: Database, asked: Filtered) => Promise<ListedRow[]> = preparedQuery(
  null,
  (db, { text, status, severity, provider }: Given<Filtered>) =>
    db
      .select(listedColumns)
      .from(
        fitting({
          table: drifts,
          words: driftWords(drifts),
          query: searchQuery(text),
          where: and(
            status && eq(drifts.status, status),
            severity && eq(drifts.severity, severity),
            provider && eq(drifts.provider, provider),
          ),
          order: newest,
          newest: 2 * driftLimits.found,
          // All that a list has: one that is not full has all that fit.
          hits: driftLimits.found,
        }),
      )
      .orderBy(newest)
      .limit(driftLimits.found),
)

const newest = sql`${desc(drifts.detectedAt)}, ${desc(drifts.id)}`
