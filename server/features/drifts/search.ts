/** Text search in drifts, by what anybody may read of them. */
import { desc, sql } from 'drizzle-orm'
import type { HitOf } from '../../../shared/search.ts'
import { excerptOf } from '../../../shared/search-words.ts'
import { searchWords } from '../../platform/db/columns.ts'
import type { Database } from '../../platform/db/database.ts'
import { type Given, preparedQuery } from '../../platform/db/prepared.ts'
import { fitting, searchQuery } from '../../platform/db/text-search.ts'
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
  const newest = sql`${desc(detectedAt)}, ${desc(id)}`
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
