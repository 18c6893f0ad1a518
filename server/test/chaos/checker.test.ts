/** The judge of the chaos suite: journals that are right pass, and each way in which they can be wrong is named. */
import { describe, expect, it } from 'vitest'
import { check, type Evidence, type StoredEvent } from './checker.ts'
import { History } from './history.ts'
import { chained, type ReadEntry, type WriteEntry, type WriteKind } from './journal.ts'
import { type Fault, missing } from './schedule.ts'

const draftId = 'd'
const channel = 'draft:d'
const newest = 8
const segments = ['s1', 's2', 's3']

/** Ann adds Bob, appends three segments, renames, passes the ring to Bob, adds Cid and removes him; one reader sees it all, another from the second event on. */
function honest(): Evidence {
  let at = 0
  const writes: WriteEntry[] = []
  const write = (key: string, kind: WriteKind, what: string, position?: number) => {
    writes.push({ at: at++, key, step: 'intent', kind, draftId, actorId: 'ann', what })
    writes.push({ at: at++, key, step: 'acknowledged', ...(position && { position }) })
  }
  const event = (seq: number, type: string, payload: Record<string, unknown>): StoredEvent => ({
    channel,
    seq,
    type,
    payload,
    actorId: 'ann',
    at: new Date(seq),
  })
  write('a1', 'add', 'bob')
  const events: StoredEvent[] = [event(1, 'collaborator.added', { person: { id: 'bob' } })]
  for (const [at, id] of segments.entries()) {
    write(id, 'append', `text of ${id}`, at + 1)
    events.push(event(at + 2, 'segment.added', { segment: { id, position: at + 1, text: `text of ${id}` } }))
  }
  write('r1', 'rename', 'New title')
  events.push(event(5, 'draft.updated', { title: 'New title', state: 'open' }))
  write('p1', 'pass', 'bob')
  events.push(event(6, 'ring.passed', { from: 'ann', to: 'bob' }))
  write('a2', 'add', 'cid')
  events.push(event(7, 'collaborator.added', { person: { id: 'cid' } }))
  write('x1', 'remove', 'cid')
  events.push(event(8, 'collaborator.removed', { userId: 'cid', ringHolderId: 'bob' }))
  const stored = {
    drafts: [{ id: draftId, ownerId: 'ann', ringHolderId: 'bob', title: 'New title', segmentCount: 3 }],
    channels: [{ id: channel, epoch: 'e', head: newest }],
    events,
    collaborators: ['ann', 'bob'].map((userId) => ({ draftId, userId })),
    segments: segments.map((id, at) => ({ id, draftId, authorId: 'ann', position: at + 1, text: `text of ${id}` })),
  }
  const { digests } = new History(stored.drafts[0] as never, stored, () => {})
  const read = (feed: string, from: number): ReadEntry[] => [
    { at: 0, feed, step: 'opened', draftId },
    {
      at: 0,
      feed,
      step: 'snapshot',
      cursor: `e:${from}`,
      title: 'Plan',
      ringHolderId: 'ann',
      segments: segments.slice(0, Math.max(0, from - 1)).reduce(chained, ''),
    },
    ...digests
      .map((digest, seq): ReadEntry => ({ at: 0, feed, step: 'event', epoch: 'e', seq, digest }))
      .slice(from + 1),
  ]
  return { writes, reads: [...read('whole', 0), ...read('later', 2)], stored }
}

const wrong = (spoil: (evidence: Evidence) => void): string[] => {
  const evidence = honest()
  spoil(evidence)
  return [...new Set(check(evidence).map(({ kind }) => kind))]
}

const whole = ({ reads }: Evidence) => reads.filter(({ feed }) => feed === 'whole')
const given = (evidence: Evidence, seq: number) =>
  whole(evidence).find((entry) => entry.step === 'event' && entry.seq === seq) as Extract<ReadEntry, { step: 'event' }>
const without = <T>(all: T[], one: T) => all.filter((each) => each !== one)
const stored = ({ stored: { events } }: Evidence, seq: number) =>
  events.find((event) => event.seq === seq) as StoredEvent

it('a run in which all is well has no violations', () => {
  expect(check(honest())).toEqual([])
})

describe('a reader', () => {
  it.for<[string, string[], (evidence: Evidence) => void]>([
    [
      'given an event twice',
      ['doubled'],
      (it) => it.reads.splice(it.reads.indexOf(given(it, 3)), 0, { ...given(it, 3) }),
    ],
    [
      'given an event twice, the second time much later',
      ['doubled'],
      (it) => it.reads.splice(it.reads.indexOf(given(it, 6)) + 1, 0, { ...given(it, 2) }),
    ],
    ['not given one in the middle', ['gap'], (it) => (it.reads = without(it.reads, given(it, 3)))],
    ['not given the newest', ['lost'], (it) => (it.reads = without(it.reads, given(it, newest)))],
    [
      'given two the wrong way round',
      ['gap', 'reordered'],
      (it) => {
        const [third, fourth] = [{ ...given(it, 3) }, { ...given(it, 4) }]
        Object.assign(given(it, 4), { ...third, step: 'moved' })
        Object.assign(given(it, 3), fourth)
        Object.assign(it.reads.find(({ step }) => (step as string) === 'moved') as object, { step: 'event' })
      },
    ],
    ['given another text than is stored', ['altered'], (it) => (given(it, 3).digest = 'other')],
    ['given one that is not stored', ['gap', 'invented', 'lost'], (it) => (given(it, newest).seq = 11)],
    ['given one of another epoch', ['altered'], (it) => (given(it, 3).epoch = 'f')],
    [
      'given a snapshot that is older than its cursor',
      ['altered'],
      (it) => Object.assign(it.reads.findLast(({ step }) => step === 'snapshot') as object, { segments: '' }),
    ],
    [
      'told to begin anew',
      ['resync'],
      (it) => it.reads.splice(it.reads.indexOf(given(it, 4)), 0, { at: 0, feed: 'whole', step: 'resync' }),
    ],
    ['sent away', ['ended'], (it) => it.reads.push({ at: 0, feed: 'whole', step: 'ended', code: 'NOT_FOUND' })],
  ])('%s', ([, kinds, spoil]) => {
    expect(wrong(spoil)).toEqual(kinds)
  })

  it('that closed before the end may lack the newest', () => {
    const spoil = (it: Evidence) => {
      it.reads = without(it.reads, given(it, newest))
      it.reads.push({ at: 0, feed: 'whole', step: 'closed' })
    }
    expect(wrong(spoil)).toEqual([])
  })
})

describe('a writer', () => {
  const forget = (it: Evidence, key: string, step: string) => {
    it.writes = it.writes.filter((entry) => entry.key !== key || entry.step !== step)
  }

  it('whose acknowledged segment is in neither table has lost it', () => {
    expect(
      wrong((it) => {
        it.stored.events = without(it.stored.events, stored(it, 4))
        it.stored.segments.pop()
      }),
    ).toEqual(expect.arrayContaining(['lost', 'gap']))
  })

  it('whose acknowledged segment is in one table alone has lost it', () => {
    expect(wrong((it) => it.stored.segments.pop())).toEqual(['lost'])
  })

  it.for([
    ['rename', 5, 'r1'],
    ['pass', 6, 'p1'],
    ['remove', 8, 'x1'],
  ] as const)('whose %s took effect twice has it doubled', ([, seq, key]) => {
    // By another number, so that it is not the same one again.
    expect(
      wrong((it) => it.stored.events.push({ ...stored(it, seq), seq: newest + 1 })),
      key,
    ).toContain('doubled')
  })

  it('who was never answered may or may not have written', () => {
    expect(wrong((it) => forget(it, 'r1', 'acknowledged'))).toEqual([])
  })

  it('who was refused and is stored after all was told a lie', () => {
    expect(
      wrong((it) => {
        forget(it, 'r1', 'acknowledged')
        it.writes.push({ at: 99, key: 'r1', step: 'refused', code: 'RING_NOT_HELD' })
      }),
    ).toEqual(['invented'])
  })

  it.for(['s1', 'r1', 'p1', 'a1'])('who never asked for what is stored is not its author: %s', (key) => {
    expect(wrong((it) => (it.writes = it.writes.filter((entry) => entry.key !== key)))).toEqual(['invented'])
  })

  it('who never asked for a remove has somebody lost as well, whose add was acknowledged', () => {
    const kinds = wrong((it) => (it.writes = it.writes.filter(({ key }) => key !== 'x1')))
    expect(kinds).toEqual(['invented', 'lost'])
  })

  it('asks for no event of a type that is not in the suite', () => {
    expect(wrong((it) => (stored(it, newest).type = 'draft.deleted'))).toContain('invented')
  })

  it.for(['FORBIDDEN', 'SESSION_ENDED'])('who was answered %s was wronged', (code) => {
    expect(
      wrong((it) => {
        const at = 99
        it.writes.push({ at, key: 's4', step: 'intent', kind: 'append', draftId, actorId: 'ann', what: 'text' })
        it.writes.push({ at, key: 's4', step: 'refused', code })
      }),
    ).toEqual(['refused'])
  })

  it('who was told another position has something altered', () => {
    expect(
      wrong((it) =>
        Object.assign(it.writes.find((entry) => entry.step === 'acknowledged' && entry.position === 1) as object, {
          position: 2,
        }),
      ),
    ).toEqual(['altered'])
  })
})

describe('collaborators', () => {
  type End = Extract<WriteEntry, { step: 'acknowledged' | 'refused' | 'repeated' }>
  let at = 100
  const write = (
    it: Evidence,
    kind: 'add' | 'remove',
    what: string,
    code?: string,
    step: End['step'] = 'acknowledged',
  ) => {
    const key = `${kind} ${at}`
    it.writes.push({ at: at++, key, step: 'intent', kind, draftId, actorId: 'ann', what })
    it.writes.push({ at: at++, key, step, ...(code && { code }) } as WriteEntry)
  }
  const nobody = 'NOT_A_COLLABORATOR'

  it.for<[string, string[], (evidence: Evidence) => void]>([
    ['added again change nothing', [], (it) => write(it, 'add', 'bob')],
    ['who are not there cannot be removed', [], (it) => write(it, 'remove', 'cid', nobody, 'refused')],
    [
      'may be gone when a remove was never answered',
      [],
      (it) => {
        write(it, 'remove', 'cid', 'NETWORK_ERROR', 'repeated')
        write(it, 'add', 'cid')
      },
    ],
    ['whose add was acknowledged and not done are lost', ['lost'], (it) => write(it, 'add', 'dan')],
    ['whose row is gone are lost', ['altered', 'lost'], (it) => it.stored.collaborators.pop()],
    [
      'who were acknowledged, and then were not there to be removed, are lost',
      ['lost'],
      (it) => {
        write(it, 'add', 'dan')
        write(it, 'remove', 'dan', nobody, 'refused')
        write(it, 'remove', 'dan', 'NETWORK_ERROR', 'repeated')
      },
    ],
    ['whose remove was acknowledged and has no event are not removed', ['lost'], (it) => write(it, 'remove', 'bob')],
    [
      'who have a row and no event were not added',
      ['altered'],
      (it) => it.stored.collaborators.push({ draftId, userId: 'dan' }),
    ],
    [
      'whose add was refused, and has an event, were invented',
      ['invented'],
      (it) => {
        it.writes = it.writes.filter(({ key, step }) => key !== 'a1' || step === 'intent')
        it.writes.push({ at: 99, key: 'a1', step: 'refused', code: nobody })
      },
    ],
  ])('%s', ([, kinds, spoil]) => {
    expect(wrong(spoil)).toEqual(kinds)
  })
})

it('a fault that came three times and hit nothing is missing, and one that came twice may have had no luck', () => {
  const planned = (kind: Fault['kind'], times: number) =>
    Array.from({ length: times }, (): Fault => ({ atMs: 0, kind, instance: 0, ms: 0, times: 1 }))
  const schedule = [...planned('answer lost', 3), ...planned('notices late', 2), ...planned('clients cut', 3)]
  const done = schedule.map(({ kind }, at) => ({ kind, hit: kind === 'clients cut' && at === 7 ? 1 : 0 }))
  expect(missing(schedule, done)).toEqual(['answer lost'])
})

describe('the numbers', () => {
  it('are out of order when one that was acknowledged first comes after one that began later', () => {
    expect(
      wrong((it) => {
        const times = new Map([
          ['s2', 0],
          ['s1', 10],
        ])
        for (const entry of it.writes) {
          const begun = times.get(entry.key)
          if (begun !== undefined) entry.at = begun + (entry.step === 'intent' ? 0 : 1)
        }
      }),
    ).toEqual(['reordered'])
  })

  it('are out of order when an append stands before its ring', () => {
    expect(wrong((it) => (stored(it, 4).actorId = 'bob'))).toContain('reordered')
  })

  it('have a gap when the table has', () => {
    expect(
      wrong((it) => {
        stored(it, newest).seq = newest + 1
        it.stored.channels = [{ id: channel, epoch: 'e', head: newest + 1 }]
      }),
    ).toContain('gap')
  })
})

describe('a database that was set back', () => {
  /** To event 6: another event 7 was given before, and the stored ones after a snapshot. */
  const setBack = (evidence: Evidence) => {
    evidence.setBack = { savedAt: 1, returnedAt: 2 }
    const snapshot = {
      step: 'snapshot',
      cursor: 'e:6',
      title: 'New title',
      ringHolderId: 'bob',
      segments: segments.reduce(chained, ''),
    } as const
    evidence.reads = [...Map.groupBy(evidence.reads, ({ feed }) => feed)].flatMap(([feed, entries]) => [
      ...entries.slice(0, -2),
      { at: 1, feed, step: 'event', epoch: 'e', seq: 7, digest: 'lost' } as const,
      { at: 3, feed, ...snapshot },
      ...entries.slice(-2).map((entry) => ({ ...entry, at: 3 })),
    ])
  }

  it('is no violation where each reader begins anew', () => {
    expect(wrong(setBack)).toEqual([])
  })

  it('must be told to each reader', () => {
    const goesOn = (it: Evidence) => {
      setBack(it)
      it.reads = it.reads.filter(({ at, step }) => !(at === 3 && step === 'snapshot'))
    }
    expect(wrong(goesOn)).toEqual(['gap', 'lost'])
  })

  it('excuses nothing that is missing after it', () => {
    const misses = (it: Evidence) => {
      setBack(it)
      it.reads = it.reads.filter((entry) => entry.step !== 'event' || entry.digest === 'lost' || entry.seq !== 7)
    }
    expect(wrong(misses)).toEqual(['gap'])
  })
})
