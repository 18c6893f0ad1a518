import { describe, expect, it } from 'vitest'
import type { DriftEvent, DriftStatus, DriftSummary } from '../../../shared/drifts.ts'
import {
  addPage,
  type DriftListState,
  hearEvent,
  putDrift,
  showArrived,
  toListState,
  unknownMatch,
} from './drift-list-state.ts'
import type { DriftsSearch } from './drift-words.ts'

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
const ids = (drifts: readonly DriftSummary[]) => drifts.map(({ id }) => id)

describe('the list of drifts', () => {
  const [new2, new1, old] = [driftAt(30), driftAt(20), driftAt(10)]

  it('holds new ones back in their order, and shows them when asked', () => {
    let state = toListState(page([old]))
    for (const drift of [new1, new2, new1]) state = hearEvent(state, created(drift), {})
    expect([ids(state.rows), ids(state.arrived), state.total]).toEqual([['d010'], ['d030', 'd020'], 3])
    state = showArrived(state)
    expect([ids(state.rows), ids(state.arrived)]).toEqual([['d030', 'd020', 'd010'], []])
  })

  it('shows the first one at once', () => {
    expect(ids(hearEvent(toListState(page([])), created(old), {}).rows)).toEqual(['d010'])
  })

  it('leaves what belongs to a page still to come to that page', () => {
    const state = hearEvent(toListState(page([new2, new1], 'next', 3)), created(old), {})
    expect([ids(state.rows), ids(state.arrived), state.total]).toEqual([['d030', 'd020'], [], 4])
    expect(ids(addPage(state, page([new1, old])).rows)).toEqual(['d030', 'd020', 'd010'])
  })

  it('keeps a decided row in its place, though it does not match any more, and counts it off', () => {
    const pending: DriftsSearch = { status: 'pending' }
    const state = hearEvent(toListState(page([new1, old])), decided('d020', 'approved', 2), pending)
    expect(state.rows.map(({ status }) => status)).toEqual(['approved', 'pending'])
    expect([state.rows[0]?.decidedAt, state.total, state.isTotalUnsure]).toEqual([instant(500), 1, false])
  })

  it('is not sure of its total after news of one that it does not hold', () => {
    const filters: DriftsSearch = { status: 'pending' }
    expect(hearEvent(toListState(page([new1], 'next', 9)), decided('d001', 'approved', 2), filters).isTotalUnsure).toBe(
      true,
    )
    expect(hearEvent(toListState(page([new1], 'next', 9)), decided('d001', 'approved', 2), {}).isTotalUnsure).toBe(
      false,
    )
  })

  it.for<DriftsSearch>([{}, { status: 'pending' }, { severity: 'low' }, { status: 'approved', provider: 'gcp' }])(
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
              (!filters.status || drift.status === filters.status) &&
              (!filters.severity || drift.severity === filters.severity) &&
              (!filters.provider || drift.resource.provider === filters.provider),
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
        let state: DriftListState = toListState(page(inPage))
        for (let step = 0; step < 12; step++) happen()
        // From before the page was read to the end, some of it twice.
        for (const event of history.slice(8)) {
          state = hearEvent(state, event, filters)
          if (below(3) === 0) state = hearEvent(state, event, filters)
          const asked = unknownMatch(state, event, filters)
          if (asked) state = putDrift(state, server.get(asked) ?? driftAt(0), filters)
          if (below(5) === 0) state = showArrived(state)
          const answer = [...server.values()][below(server.size)]
          if (below(6) === 0 && answer) state = putDrift(state, answer, filters)
        }
        expect(matching(showArrived(state).rows)).toEqual(matching(server.values()))
        expect(ids(showArrived(state).rows)).toEqual(ids(showArrived(state).rows).sort().reverse())
      }
    },
  )
})
