/** The segments of one draft as a page shows them, whatever the order in which events, responses and snapshots arrive. */
import { describe, expect, it } from 'vitest'
import type { CallQueue, ListEntry } from '../../../../client/collection-options.ts'
import { LiveCollection } from '../../../../client/live-collection.ts'
import type { LiveOptions } from '../../../../client/live-options.ts'
import type { Draft, DraftEvent, Segment } from '../../../../shared/drafts.ts'
import { at, emptyDraft, me, mira } from '../../../test/draft-fixtures.ts'
import { randomFrom } from '../../../test/random-from.ts'
import { type DraftPage, isConfirmed, pageOf, segmentRules } from './segment-rules.ts'

const draftId = emptyDraft.id
const draftOf = (segments: Segment[]): Draft => ({ ...emptyDraft, segments, segmentCount: segments.length })
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

/** A page that shows the draft. What the server and the outbox say is said by the test. */
function page(firstPage?: Draft, entries: ListEntry[] = []) {
  type Snapshot = { cursor: string; view: 'all'; pages: [DraftPage] }
  let feed: LiveOptions<Snapshot, DraftEvent> | undefined
  const answerListeners = new Set<Parameters<CallQueue['onAnswer']>[0]>()
  const queue = {
    entries,
    onChange: () => () => {},
    onAnswer(listener: Parameters<CallQueue['onAnswer']>[0]) {
      answerListeners.add(listener)
      return () => answerListeners.delete(listener)
    },
  }
  const live = (options: unknown) => {
    feed = options as typeof feed
    return { state: 'connecting' as const, transport: null, close: () => {} }
  }
  const unused = () => expect.unreachable('nothing is requested here')
  const collection = new LiveCollection<Segment, DraftEvent, 'drafts.append', 'all', DraftPage>(
    { live } as never,
    { ...segmentRules(draftId, me), page: unused, follow: unused, poll: unused },
    { view: 'all', queue, ...(firstPage && { firstPage: pageOf(firstPage) }) },
  )
  collection.start()
  const shown = () => collection.inSight('all').shown.rows.toReversed()
  const setState = (segmentId: string, state: ListEntry['state']) => {
    queue.entries = queue.entries.map((entry) => (idOf(entry) === segmentId ? { ...entry, state } : entry))
  }
  return {
    queue,
    collection,
    shown,
    shownIds: () => shown().map(({ id }) => id),
    unconfirmed: () => shown().flatMap((row) => (isConfirmed(row) ? [] : [row.id])),
    append(id: string, inDraft = draftId) {
      queue.entries = [...queue.entries, entryOf(id, inDraft)]
    },
    answer(segment: Segment, inDraft = draftId) {
      for (const listener of answerListeners) listener({ ...entryOf(segment.id, inDraft), answer: segment })
      queue.entries = queue.entries.filter((entry) => idOf(entry) !== segment.id)
    },
    refuse: (id: string) => setState(id, 'refused'),
    tryAgain: (id: string) => setState(id, 'queued'),
    discard(id: string) {
      queue.entries = queue.entries.filter((entry) => idOf(entry) !== id)
    },
    event: (event: DraftEvent) => feed?.onEvent(event, ''),
    snapshot: (draft: Draft) => feed?.onSnapshot({ cursor: '', view: 'all', pages: [pageOf(draft)] }),
  }
}

const entryOf = (segmentId: string, inDraft = draftId): ListEntry => ({
  id: `call ${segmentId}`,
  path: 'drafts.append',
  input: { draftId: inDraft, segmentId, text: segmentId },
  queuedAt: at,
  state: 'queued',
})
const idOf = ({ input }: ListEntry) => (input as { segmentId: string }).segmentId

describe('a segment', () => {
  it('is shown at once, and confirmed once by event and response, whichever is first', () => {
    for (const isEventFirst of [true, false]) {
      const { append, answer, event, shown, unconfirmed } = page(emptyDraft)
      append('a')
      expect([shown(), unconfirmed()]).toMatchObject([[{ id: 'a', text: 'a', author: me, createdAt: at }], ['a']])
      const reports = [() => event(added(1, segmentAt(1, 'a'))), () => answer(segmentAt(1, 'a'))]
      for (const report of isEventFirst ? reports : reports.toReversed()) {
        report()
        expect(shown()).toEqual([segmentAt(1, 'a')])
      }
    }
  })

  it('stays confirmed when its call is refused after its event', () => {
    const { append, event, refuse, shown } = page(emptyDraft)
    append('a')
    event(added(1, segmentAt(1, 'a')))
    refuse('a')
    expect(shown()).toEqual([segmentAt(1, 'a')])
  })

  it('stays when a snapshot from before its response arrives', () => {
    const { append, answer, snapshot, event, shown } = page(emptyDraft)
    append('a')
    answer(segmentAt(1, 'a'))
    snapshot(emptyDraft)
    expect(shown()).toEqual([segmentAt(1, 'a')])
    event(added(1, segmentAt(1, 'a')))
    expect(shown()).toEqual([segmentAt(1, 'a')])
  })

  it('that the server has lost disappears with the next snapshot', () => {
    const { append, answer, snapshot, event, shownIds } = page(draftOf([segmentAt(1, 'a')]))
    append('b')
    answer(segmentAt(2, 'b'))
    event(added(2, segmentAt(2, 'b')))
    snapshot(draftOf([segmentAt(1, 'a')]))
    expect(shownIds()).toEqual(['a'])
  })

  it('stays in its place when it is refused, and is tried again or discarded', () => {
    const { append, refuse, tryAgain, discard, collection, shownIds } = page(emptyDraft)
    for (const id of ['a', 'b']) append(id)
    refuse('a')
    expect(shownIds()).toEqual(['a', 'b'])
    expect(collection.inSight('all').refused).toMatchObject([{ input: { segmentId: 'a' } }])
    tryAgain('a')
    expect([shownIds(), collection.inSight('all').refused]).toEqual([['a', 'b'], []])
    discard('a')
    expect(shownIds()).toEqual(['b'])
  })

  it('takes the position that the server gave it, also when its response overtakes an earlier event', () => {
    const { append, answer, event, shownIds } = page(emptyDraft)
    append('a')
    answer(segmentAt(2, 'a'))
    event(added(1, segmentAt(1, 'b', mira)))
    expect(shownIds()).toEqual(['b', 'a'])
  })

  it('that was queued before a reload is not shown beside the stored one', () => {
    const stored = draftOf([segmentAt(1, 'a')])
    expect(page(stored, [entryOf('a')]).shown()).toEqual([segmentAt(1, 'a')])
    const loadedLater = page(undefined, [entryOf('a')])
    expect(loadedLater.unconfirmed()).toEqual(['a'])
    loadedLater.snapshot(stored)
    expect(loadedLater.shown()).toEqual([segmentAt(1, 'a')])
  })

  it('of another draft is not shown, whether it is queued, answered or refused', () => {
    const { append, answer, refuse, collection, shownIds } = page(emptyDraft)
    for (const id of ['a', 'b']) append(id, 'another')
    answer(segmentAt(1, 'a'), 'another')
    refuse('b')
    expect([shownIds(), collection.inSight('all').refused]).toEqual([[], []])
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
  const draftNow = (seq: number): Draft =>
    draftOf(log.slice(0, seq).flatMap((entry) => (entry.type === 'segment.added' ? [entry.segment] : [])))

  /** The page: how far its stream is, what a snapshot that is being read has, calls without a response yet. */
  const { append, answer, refuse, tryAgain, discard, event, snapshot, shown, shownIds, queue } = page()
  let cursor: number | null = null
  let isLoaded = false
  const answers: (() => void)[] = []
  let underway: number | null = null
  const mine: string[] = []
  const discarded = new Set<string>()
  const take = (report: () => void) => {
    report()
    const ids = shownIds()
    expect(new Set(ids).size, 'nothing twice').toBe(ids.length)
    const missing = isLoaded ? mine.filter((id) => !discarded.has(id) && !ids.includes(id)) : []
    expect(missing, 'nothing out of sight').toEqual([])
    const positions = shown().map(({ position }) => position)
    expect(positions).toEqual(positions.toSorted((one, other) => (one < other ? -1 : one > other ? 1 : 0)))
  }
  const takeSnapshot = (seq: number) => {
    isLoaded = true
    take(() => snapshot(draftNow(seq)))
  }
  const refused = () => queue.entries.filter(({ state }) => state === 'refused').map(idOf)
  /** Stored by the server, and its response was lost. */
  const unanswered = () => stored.filter(({ id }) => queue.entries.some((entry) => idOf(entry) === id))

  const steps: (() => void)[] = [
    // Another user, or this one in another tab, appends.
    () => void store(`other-${log.length}`, oneIn(2) ? mira : me),
    // This page appends; the server stores it or refuses; the response comes, or is lost.
    () => {
      const id = `mine-${mine.length}`
      mine.push(id)
      take(() => append(id))
      if (oneIn(4)) answers.push(() => refuse(id))
      else {
        const segment = store(id, me)
        if (!oneIn(4)) answers.push(() => answer(segment))
      }
    },
    () => {
      const [next] = answers.splice(Math.floor(random() * answers.length), 1)
      if (next) take(next)
    },
    // What got no response is sent again, and answered as it was stored.
    () => {
      const [segment] = unanswered()
      if (segment) take(() => answer(segment))
    },
    () => {
      const [id] = refused()
      if (!id) return
      if (oneIn(2)) {
        discarded.add(id)
        return take(() => discard(id))
      }
      take(() => tryAgain(id))
      const segment = store(id, me)
      answers.push(() => answer(segment))
    },
    () => {
      const next = cursor === null ? undefined : log[cursor]
      if (!next) return
      take(() => event(next))
      cursor = next.seq
    },
    // The stream cannot be resumed: a snapshot is read, arrives some time later, and events follow it.
    () => {
      if (!oneIn(3) || underway !== null) return
      cursor = null
      underway = log.length
    },
    () => {
      if (underway === null) return
      takeSnapshot(underway)
      cursor = underway
      underway = null
    },
  ]
  for (let step = 0; step < 120; step++) steps[Math.floor(random() * steps.length)]?.()
  for (const next of answers.splice(0)) take(next)
  for (const segment of unanswered()) take(() => answer(segment))
  if (cursor === null) takeSnapshot(log.length)
  else for (const next of log.slice(cursor)) take(() => event(next))

  expect(shown().filter(isConfirmed)).toEqual(stored)
  expect(queue.entries.every(({ state }) => state === 'refused')).toBe(true)
})
