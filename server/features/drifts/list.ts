/**
 * Lists of drifts. Each page is read from an index that has its filters and its order, so it costs the same however long the list is: for
 * several statuses, or severities one after the other, it is put together from one such read each. A list with a search is short (search.ts),
 * and read whole for each of its pages.
 */
import { and, desc, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type DriftStatus, type Drifts, driftLimits, type ListDrifts, Severity } from '../../../shared/drifts.ts'
import { Id } from '../../../shared/id.ts'
import { Instant } from '../../../shared/instant.ts'
import type { Database } from '../../platform/db/database.ts'
import { offsetOf, placeOf, toList } from '../../platform/db/page.ts'
import { type Given, preparedQuery } from '../../platform/db/prepared.ts'
import { presentCursor } from '../../platform/live/channel-store.ts'
import { driftsChannel } from './channel.ts'
import { countDrifts } from './figures.ts'
import { type ListedRow, listedColumns, toSummary } from './rows.ts'
import { findDrifts } from './search.ts'
import { drifts } from './table.ts'

/** What was detected last comes first, or by `sort` what is most severe. */
export async function listDrifts(db: Database, asked: ListDrifts): Promise<Drifts> {
  const bySeverity = asked.sort === 'severity'
  const after = bySeverity ? placeOf(asked, UrgentPlace) : placeOf(asked, Place)
  const cursor = await presentCursor(db, driftsChannel)
  const { total, rows } =
    asked.search === undefined ? await readRows(db, asked, after) : await findRows(db, asked, asked.search, after)
  const list = toList(rows, asked, {
    total,
    placeOf: ({ detectedAt, id, severity }) => [detectedAt.toISOString(), id, ...(bySeverity ? [severity] : [])],
    toItem: toSummary,
  })
  return { ...list, cursor }
}

interface Read {
  /** Of all pages. */
  total: number
  /** One more than the page when there is a next one. */
  rows: ListedRow[]
}

async function readRows(db: Database, asked: ListDrifts, after: After): Promise<Read> {
  const { status, severity, provider, sort, limit } = asked
  const bySeverity = sort === 'severity'
  const statuses = statusesOf(status)
  let total = 0
  for (const one of statuses) total += await countDrifts(db, { status: one, severity, provider })
  const rows: ListedRow[] = []
  for (const one of severitiesFrom(after?.[2], bySeverity, severity)) {
    const isFirst = after?.[2] === undefined || after[2] === one
    const [detectedAt, id] = isFirst && after ? after : []
    rows.push(
      ...(await readMerged(db, statuses, {
        severity: one,
        provider,
        detectedAt,
        id,
        offset: offsetOf(asked),
        limit: limit + 1 - rows.length,
      })),
    )
    if (rows.length > limit) break
  }
  return { total, rows }
}

async function findRows(db: Database, asked: ListDrifts, text: string, after: After): Promise<Read> {
  const { status, severity, provider, sort, limit } = asked
  const found: ListedRow[] = []
  for (const one of statusesOf(status)) found.push(...(await findDrifts(db, { text, status: one, severity, provider })))
  const newest = found.sort(byDetection).slice(0, driftLimits.found)
  const compare = sort === 'severity' ? bySeverityThenDetection : byDetection
  const place = after && { detectedAt: new Date(after[0]), id: after[1], severity: after[2] ?? Severity.enum.low }
  const rows = newest.sort(compare).filter((row) => !place || compare(row, place) > 0)
  const offset = offsetOf(asked)
  return { total: newest.length, rows: rows.slice(offset, offset + limit + 1) }
}

const statusesOf = (status: ListDrifts['status']): (DriftStatus | undefined)[] =>
  status === 'decided' ? ['approved', 'rejected'] : [status]

/** One after the other; undefined for all at once. */
function severitiesFrom(first: Severity | undefined, bySeverity: boolean, only: Severity | undefined) {
  if (!bySeverity || only) return [only]
  const all = Severity.options.toReversed()
  return first ? all.slice(all.indexOf(first)) : all
}

async function readMerged(db: Database, statuses: (DriftStatus | undefined)[], page: Omit<Page, 'status'>) {
  const parts: ListedRow[][] = []
  for (const status of statuses) parts.push(await readPage(db, { ...page, status }))
  if (parts.length === 1) return parts.flat()
  return parts.flat().sort(byDetection).slice(0, page.limit)
}

type Ordered = Pick<ListedRow, 'detectedAt' | 'id' | 'severity'>
const byDetection = (one: Ordered, other: Ordered) =>
  other.detectedAt.getTime() - one.detectedAt.getTime() || Number(one.id < other.id) - Number(one.id > other.id)
const urgency = ({ severity }: Ordered) => Severity.options.indexOf(severity)
const bySeverityThenDetection = (one: Ordered, other: Ordered) =>
  urgency(other) - urgency(one) || byDetection(one, other)

interface Page {
  status: string | undefined
  severity: string | undefined
  provider: string | undefined
  /** After both of these. */
  detectedAt: string | undefined
  id: string | undefined
  offset: number
  limit: number
}

const readPage = preparedQuery(null, (db, { status, severity, provider, detectedAt, id, offset, limit }: Given<Page>) =>
  db
    .select(listedColumns)
    .from(drifts)
    .where(
      and(
        status && eq(drifts.status, status),
        severity && eq(drifts.severity, severity),
        provider && eq(drifts.provider, provider),
        id && sql`(${drifts.detectedAt}, ${drifts.id}) < (${detectedAt}::timestamptz, ${id}::uuid)`,
      ),
    )
    .orderBy(desc(drifts.detectedAt), desc(drifts.id))
    .offset(offset)
    .limit(limit),
)

/** Where in its order a list goes on. */
const Place = z.tuple([Instant, Id]).transform(([at, id]) => [at, id, undefined] as const)
const UrgentPlace = z.tuple([Instant, Id, Severity])
type After = z.infer<typeof Place> | z.infer<typeof UrgentPlace> | null
