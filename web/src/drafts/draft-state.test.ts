import { describe, expect, it } from 'vitest'
import type { Draft, DraftEvent, Segment } from '../../../shared/drafts.ts'
import { randomFrom } from '../../test/random-from.ts'
import { type DraftAction, type DraftState, initialDraftState, reduceDraft, ringHolderId } from './draft-state.ts'

const at = '2026-01-01T00:00:00.000Z'
const me = { id: 'me', displayName: 'Me', avatarUrl: null, username: 'me', mayWrite: true }
const mira = { id: 'mira', displayName: 'Mira', avatarUrl: null, username: 'mira', mayWrite: true }
const refusal = { code: 'RING_NOT_HELD', message: 'Somebody else holds the ring now.', requestId: 'r-1' }

const emptyDraft: Draft = {
  id: 'draft',
  title: 'Spring plan',
  state: 'open',
  ownerId: me.id,
  ringHolderId: me.id,
  segmentCount: 0,
  createdAt: at,
  updatedAt: at,
  collaborators: [me, mira],
  segments: [],
  cursor: 'epoch:0',
}
const segmentAt = (position: number, id: string, author = me): Segment => ({
  id,
  position,
  author,
  text: id,
  createdAt: at,
})
const added = (seq: number, segment: Segment): DraftEvent => {
  return { type: 'segment.added', seq, at, actorId: segment.author?.id ?? null, segment }
}
const passed = (seq: number, from: string, to: string): DraftEvent => {
  return { type: 'ring.passed', seq, at, actorId: from, from, to }
}
const stateAfter = (...actions: DraftAction[]) => actions.reduce(reduceDraft, initialDraftState(emptyDraft, []))
const shownIds = ({ draft, unsent }: DraftState) => [...(draft?.segments ?? []), ...unsent].map(({ id }) => id)

const append: DraftAction = { type: 'append', id: 'a', text: 'a', at }
const answer: DraftAction = { type: 'append-answered', segment: segmentAt(1, 'a') }
const event: DraftAction = { type: 'event', event: added(1, segmentAt(1, 'a')) }

describe('a segment', () => {
  it('is confirmed once by event and answer, whichever is first', () => {
    for (const state of [stateAfter(append, event, answer), stateAfter(append, answer, event)]) {
      expect(state.unsent).toEqual([])
      expect(state.answered).toEqual([])
      expect(state.draft?.segments).toEqual([segmentAt(1, 'a')])
      expect(state.draft?.segmentCount).toBe(1)
    }
  })

  it('stays confirmed when the bad news of its call comes after its event', () => {
    const state = stateAfter(
      append,
      event,
      { type: 'append-delayed', id: 'a' },
      { type: 'append-refused', id: 'a', refusal },
    )
    expect(state.unsent).toEqual([])
    expect(shownIds(state)).toEqual(['a'])
  })

  it('stays in sight when a snapshot from before its answer arrives', () => {
    const state = stateAfter(append, answer, { type: 'snapshot', draft: emptyDraft })
    expect(shownIds(state)).toEqual(['a'])
    expect(shownIds(reduceDraft(state, event))).toEqual(['a'])
  })

  it('is refused with the reason, tried again, or given up', () => {
    const refused = stateAfter(append, { type: 'append-refused', id: 'a', refusal })
    expect(refused.unsent).toMatchObject([{ id: 'a', text: 'a', status: 'refused', refusal }])
    expect(reduceDraft(refused, { type: 'try-again', id: 'a' }).unsent).toEqual([
      { id: 'a', text: 'a', at, status: 'sending' },
    ])
    expect(reduceDraft(refused, { type: 'discard', id: 'a' }).unsent).toEqual([])
  })

  it('takes the place that the server gave it, also when an answer overtakes an earlier event', () => {
    const second: DraftAction = { type: 'append-answered', segment: segmentAt(2, 'a') }
    const first: DraftAction = { type: 'event', event: added(1, segmentAt(1, 'b', mira)) }
    expect(shownIds(stateAfter(append, second, first))).toEqual(['b', 'a'])
  })

  it('that was kept over a reload is not shown beside the stored one', () => {
    const kept = [{ id: 'a', text: 'a', at, status: 'sending' as const }]
    const stored = { ...emptyDraft, segments: [segmentAt(1, 'a')], segmentCount: 1 }
    expect(initialDraftState(stored, kept).unsent).toEqual([])
    const loadedLater = reduceDraft(initialDraftState(null, kept), { type: 'snapshot', draft: stored })
    expect(shownIds(loadedLater)).toEqual(['a'])
  })
})

describe('the ring', () => {
  const pass: DraftAction = { type: 'pass-ring', to: mira.id }

  it('counts as passed at once, and comes back when that is refused', () => {
    expect(ringHolderId(stateAfter(pass))).toBe(mira.id)
    expect(ringHolderId(stateAfter(pass, { type: 'pass-refused' }))).toBe(me.id)
  })

  it('is where the stream says, passed back before the answer or after it', () => {
    const there: DraftAction = { type: 'event', event: passed(1, me.id, mira.id) }
    const back: DraftAction = { type: 'event', event: passed(2, mira.id, me.id) }
    const told: DraftAction = { type: 'pass-answered' }
    expect(ringHolderId(stateAfter(pass, there, back, told))).toBe(me.id)
    expect(ringHolderId(stateAfter(pass, there, told, back))).toBe(me.id)
    expect(ringHolderId(stateAfter(pass, told, there, back))).toBe(me.id)
    expect(ringHolderId(stateAfter(pass, told))).toBe(mira.id)
  })

  it('does not stay on its way when the stream was cut and a snapshot tells instead', () => {
    const snapshot: DraftAction = { type: 'snapshot', draft: emptyDraft }
    expect(ringHolderId(stateAfter(pass, { type: 'pass-answered' }, snapshot))).toBe(me.id)
    expect(ringHolderId(stateAfter(pass, snapshot, { type: 'pass-answered' }))).toBe(me.id)
  })

  it('goes to the owner with the holder who is removed', () => {
    const removed: DraftEvent = {
      type: 'collaborator.removed',
      seq: 2,
      at,
      actorId: me.id,
      userId: mira.id,
      ringHolderId: me.id,
    }
    const state = stateAfter({ type: 'event', event: passed(1, me.id, mira.id) }, { type: 'event', event: removed })
    expect(ringHolderId(state)).toBe(me.id)
    expect(state.draft?.collaborators).toEqual([me])
  })
})

it.for(Array.from({ length: 100 }, (_, seed) => seed))('converges to the order of the server, run %i', (seed) => {
  const random = randomFrom(seed + 1)
  const oneIn = (count: number) => random() * count < 1
  /** The server: what it stored, and the events in their order. */
  const stored: Segment[] = []
  const log: DraftEvent[] = []
  const store = (id: string, author: typeof me) => {
    const segment = segmentAt(stored.length + 1, id, author)
    stored.push(segment)
    log.push(added(log.length + 1, segment))
    return segment
  }
  const draftNow = (seq: number): Draft => {
    const segments = log.slice(0, seq).flatMap((entry) => (entry.type === 'segment.added' ? [entry.segment] : []))
    return { ...emptyDraft, segments, segmentCount: segments.length }
  }

  /** The page: its state, how far its stream is, what a snapshot underway tells of, calls without an answer yet. */
  let state = initialDraftState(null, [])
  let cursor: number | null = null
  const answers: DraftAction[] = []
  let underway: number | null = null
  const mine: string[] = []
  const gone = new Set<string>()
  const take = (action: DraftAction) => {
    state = reduceDraft(state, action)
    const ids = shownIds(state)
    expect(new Set(ids).size, 'nothing twice').toBe(ids.length)
    const missing = state.draft ? mine.filter((id) => !gone.has(id) && !ids.includes(id)) : []
    expect(missing, 'nothing out of sight').toEqual([])
    const positions = state.draft?.segments.map(({ position }) => position) ?? []
    expect(positions).toEqual(positions.toSorted((one, other) => one - other))
  }

  const steps: (() => void)[] = [
    // Somebody else, or this person in another tab, appends.
    () => void store(`other-${log.length}`, oneIn(2) ? mira : me),
    // This page appends; the server stores it or refuses; the answer comes, or is lost.
    () => {
      const id = `mine-${mine.length}`
      mine.push(id)
      take({ type: 'append', id, text: id, at })
      if (oneIn(4)) answers.push({ type: 'append-refused', id, refusal })
      else {
        const segment = store(id, me)
        answers.push(oneIn(4) ? { type: 'append-delayed', id } : { type: 'append-answered', segment })
      }
    },
    () => {
      const [next] = answers.splice(Math.floor(random() * answers.length), 1)
      if (next) take(next)
    },
    // What got no answer is sent again, and answered as it was stored.
    () => {
      const waiting = state.unsent.find(({ status }) => status === 'waiting')
      const segment = stored.find(({ id }) => id === waiting?.id)
      if (segment) take({ type: 'append-answered', segment })
    },
    () => {
      const refused = state.unsent.find(({ status }) => status === 'refused')
      if (!refused) return
      if (oneIn(2)) {
        gone.add(refused.id)
        return take({ type: 'discard', id: refused.id })
      }
      take({ type: 'try-again', id: refused.id })
      answers.push({ type: 'append-answered', segment: store(refused.id, me) })
    },
    () => {
      const next = cursor === null ? undefined : log[cursor]
      if (!next) return
      take({ type: 'event', event: next })
      cursor = next.seq
    },
    // The stream cannot be gone on from: a snapshot is read, arrives some time later, and events follow it.
    () => {
      if (!oneIn(3) || underway !== null) return
      cursor = null
      underway = log.length
    },
    () => {
      if (underway === null) return
      take({ type: 'snapshot', draft: draftNow(underway) })
      cursor = underway
      underway = null
    },
  ]
  for (let step = 0; step < 120; step++) steps[Math.floor(random() * steps.length)]?.()
  for (const answer of answers.splice(0)) take(answer)
  for (const { id } of state.unsent.filter(({ status }) => status === 'waiting')) {
    const segment = stored.find((candidate) => candidate.id === id)
    if (segment) take({ type: 'append-answered', segment })
  }
  if (cursor === null) take({ type: 'snapshot', draft: draftNow(log.length) })
  else for (const next of log.slice(cursor)) take({ type: 'event', event: next })

  expect(state.draft?.segments).toEqual(stored)
  expect(state.answered).toEqual([])
  expect(state.unsent.every(({ status }) => status === 'refused')).toBe(true)
})
