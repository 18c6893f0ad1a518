import { describe, expect, it } from 'vitest'
import { KnownRows } from '../../../../client/known-rows.ts'
import { OptimisticRows } from '../../../../client/optimistic-rows.ts'
import type { DriftEvent, DriftStatus, DriftSummary } from '../../../../shared/drifts.ts'
import type { DriftsSearch } from '../drift-words.ts'
import { movesInto, rulesBy, viewOf } from './drift-rules.ts'
import { holdRows } from './held-rows.ts'

const person = { id: 'mira', displayName: 'Mira', avatarUrl: null }
const instant = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString()

function driftAt(minute: number, change: Partial<DriftSummary> = {}): DriftSummary {
  const at = instant(minute)
  return {
    id: `d${String(minute).padStart(3, '0')}`,
    externalId: `x${minute}`,
    resource: { type: 'bucket', id: 'b', provider: 'aws', region: null },
    severity: 'high',
    status: 'pending',
    version: 1,
    detectedAt: at,
    decidedAt: null,
    createdAt: at,
    updatedAt: at,
    ...change,
  }
}

const page = (items: DriftSummary[], nextCursor: string | null = null, total = items.length) => ({
  items,
  pagination: { total, nextCursor },
})
const created = (drift: DriftSummary): DriftEvent => ({
  type: 'drift.created',
  seq: 1,
  at: instant(0),
  actorId: null,
  drift,
})
const updated = (drift: DriftSummary): DriftEvent => ({ ...created(drift), type: 'drift.updated' }) as DriftEvent
function decided(id: string, status: Exclude<DriftStatus, 'pending'>, version: number): DriftEvent {
  const happened = { seq: 1, at: instant(500), actorId: person.id, id, version }
  if (status === 'approved')
    return {
      ...happened,
      type: 'drift.approved',
      status,
      approvedAt: happened.at,
      approvedBy: person.id,
      approver: person,
    }
  if (status === 'rejected')
    return {
      ...happened,
      type: 'drift.rejected',
      status,
      rejectedAt: happened.at,
      rejectedBy: person.id,
      rejecter: person,
      reason: 'no',
    }
  return { ...happened, type: 'drift.resolved', status }
}
const isOf = (wanted: string, status: string) =>
  wanted === 'decided' ? /ed$/.test(status) && status !== 'resolved' : wanted === status
const ids = (drifts: readonly DriftSummary[]) => drifts.map(({ id }) => id)

const driftRules = rulesBy(undefined)

/** A list that is in use: what is known, and what of it is shown. */
function listOf(first: ReturnType<typeof page>, filters: DriftsSearch = {}) {
  const view = viewOf(filters)
  const known = new KnownRows<DriftSummary, string>(driftRules)
  known.takeSnapshot(view, [first])
  let seen: readonly string[] = []
  const look = () => {
    const shown = new OptimisticRows<DriftSummary, string>(known, driftRules, []).shown(view)
    const held = holdRows(shown.rows, seen, (id) => known.get(id), driftRules.compare)
    seen = ids(held.rows)
    return { ...held, total: shown.total }
  }
  look()
  const shows = () => {
    const { rows, arrived, total } = look()
    return [ids(rows), ids(arrived), total]
  }
  return {
    known,
    look,
    shows,
    take(event: DriftEvent) {
      known.take(driftRules.read(event))
      look()
      return movesInto(view, event) && !known.get(event.id) ? event.id : null
    },
    put(drift: DriftSummary) {
      known.take({ put: drift, isNew: false })
      look()
    },
    addPage: (after: string, next: ReturnType<typeof page>) => known.takePage(view, after, next),
    showArrived() {
      const { rows, arrived } = look()
      seen = ids([...rows, ...arrived].sort(driftRules.compare))
    },
  }
}

describe('the list of drifts', () => {
  const [new2, new1, old] = [driftAt(30), driftAt(20), driftAt(10)]
  const pending: DriftsSearch = { status: 'pending' }

  it('holds new ones back in their order, and shows them when asked', () => {
    const list = listOf(page([old]))
    for (const drift of [new1, new2, new1]) list.take(created(drift))
    expect(list.shows()).toEqual([['d010'], ['d030', 'd020'], 3])
    list.showArrived()
    expect(list.shows()).toEqual([['d030', 'd020', 'd010'], [], 3])
  })

  it('shows the first one at once', () => {
    const list = listOf(page([]))
    list.take(created(old))
    expect(list.shows()).toEqual([['d010'], [], 1])
  })

  it('leaves what belongs to a page still to come to that page', () => {
    const list = listOf(page([new2, new1], 'next', 2))
    list.take(created(old))
    expect(list.shows()).toEqual([['d030', 'd020'], [], 3])
    list.addPage('next', page([old], null, 3))
    expect(list.shows()).toEqual([['d030', 'd020', 'd010'], [], 3])
  })

  it('keeps a decided row in its place, though it does not match any more, and counts it off', () => {
    const list = listOf(page([new1, old]), pending)
    list.take(decided('d020', 'approved', 2))
    const { rows, total } = list.look()
    expect(rows.map(({ status }) => status)).toEqual(['approved', 'pending'])
    expect([rows[0]?.decidedAt, total, list.known.isCountOld]).toEqual([instant(500), 1, false])
  })

  it('leaves a row that was detected again where it is until the user asks for new ones', () => {
    const list = listOf(page([new1, old]))
    list.take(updated({ ...old, version: 2, detectedAt: instant(40) }))
    expect(list.shows()).toEqual([['d020', 'd010'], [], 2])
    list.showArrived()
    expect(list.shows()).toEqual([['d010', 'd020'], [], 2])
  })

  it('does not show one that came and was decided before the user asked for it', () => {
    const list = listOf(page([old]), pending)
    list.take(created(new1))
    list.take(decided('d020', 'approved', 2))
    list.showArrived()
    expect(list.shows()).toEqual([['d010'], [], 1])
  })

  it('is not sure of its total after news of one that it does not hold', () => {
    const list = listOf(page([new1], 'next', 9), pending)
    list.take(decided('d001', 'approved', 2))
    expect(list.known.isCountOld).toBe(true)
  })

  it('applies a decision to a page that was read before it', () => {
    const list = listOf(page([new2], 'next', 3))
    list.take(decided('d010', 'approved', 2))
    list.addPage('next', page([new1, old], null, 3))
    expect(list.shows()).toEqual([['d030', 'd020'], [], 2])
    expect(list.known.get('d010')?.status).toBe('approved')
  })

  it('has the most severe first where that is asked for', () => {
    const rules = rulesBy('severity')
    const of = (minute: number, severity: DriftSummary['severity']) => driftAt(minute, { severity })
    const sorted = [of(1, 'low'), of(2, 'critical'), of(3, 'high'), of(4, 'critical')].sort(rules.compare)
    expect(ids(sorted)).toEqual(['d004', 'd002', 'd003', 'd001'])
  })

  it.for<DriftsSearch>([
    {},
    { status: 'decided' },
    { severity: 'low' },
    { status: 'resolved' },
    { status: 'approved', provider: 'gcp' },
    { search: 'gcp buck' },
  ])(
    'shows what the server has for %o, whatever of its history is heard twice or was in the page already',
    (filters) => {
      let seed = 11
      const below = (bound: number) => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
        return Math.floor((seed / 2_147_483_648) * bound)
      }
      const matching = (drifts: Iterable<DriftSummary>) =>
        [...drifts]
          .filter(
            (drift) =>
              isOf(filters.status ?? 'pending', drift.status) &&
              (!filters.severity || drift.severity === filters.severity) &&
              (!filters.provider || drift.resource.provider === filters.provider) &&
              (!filters.search || drift.resource.provider === 'gcp'),
          )
          .sort((a, b) => (a.detectedAt > b.detectedAt ? -1 : 1))
      for (let round = 0; round < 40; round++) {
        const server = new Map<string, DriftSummary>()
        const history: DriftEvent[] = []
        const happen = () => {
          const known = [...server.values()][below(server.size + 2)]
          if (!known) {
            const resource = { type: 'bucket', id: 'b', provider: below(2) ? 'aws' : 'gcp', region: null }
            const minute = server.size * 2 + below(2)
            const drift = driftAt(minute, { resource, severity: below(2) ? 'low' : 'high' })
            server.set(drift.id, drift)
            history.push(created(drift))
          } else if (known.status === 'pending') {
            const status = (['approved', 'rejected', 'resolved'] as const)[below(3)] ?? 'resolved'
            const decidedAt = status === 'resolved' ? null : instant(500)
            const drift = { ...known, status, version: known.version + 1, decidedAt, updatedAt: instant(500) }
            server.set(known.id, drift)
            history.push(decided(known.id, status, drift.version))
          } else {
            const drift = { ...known, status: 'pending' as const, version: known.version + 1, decidedAt: null }
            server.set(known.id, drift)
            history.push(updated(drift))
          }
        }
        for (let step = 0; step < 12; step++) happen()
        const inPage = matching(server.values())
        const list = listOf(page(inPage), filters)
        for (let step = 0; step < 12; step++) happen()
        // From before the page was read to the end, some of it twice.
        for (const event of history.slice(8)) {
          const unknown = list.take(event)
          if (below(3) === 0) list.take(event)
          if (unknown) list.put(server.get(unknown) ?? driftAt(0))
          if (below(5) === 0) list.showArrived()
          const answer = [...server.values()][below(server.size)]
          if (below(6) === 0 && answer) list.put(answer)
        }
        list.showArrived()
        const { rows } = list.look()
        expect(matching(rows)).toEqual(matching(server.values()))
        expect(ids(rows)).toEqual(ids(rows).sort().reverse())
      }
    },
  )
})
