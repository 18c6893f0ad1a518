import { describe, expect, it } from 'vitest'
import type { Answer, Conversation, ConversationEvent, Message, Messages } from '../../../shared/conversations.ts'
import {
  awaitsAnswer,
  type ConversationAction,
  type ConversationState,
  initialConversationState,
  reduceConversation,
} from './conversation-state.ts'

const at = '2026-01-01T00:00:00.000Z'
const messageAt = (position: number, id = `m${position}`, role: Message['role'] = 'user'): Message => {
  return { id, position, role, content: id, stopped: false, createdAt: at }
}
const page = (
  items: Message[],
  { answer = null, older = null }: { answer?: Answer | null; older?: string | null } = {},
): Messages => {
  const pagination = { page: null, limit: 50, total: items.length, totalPages: 1, nextCursor: older }
  return { items: items.toReversed(), pagination, answer, cursor: 'epoch:0' }
}
const happened = { seq: 1, at, actorId: 'me' }
const event = (told: Record<string, unknown>): ConversationAction => {
  return { type: 'event', event: { ...happened, ...told } as ConversationEvent }
}
const snapshot = (messages: Messages): ConversationAction => ({ type: 'snapshot', messages })
const added = (message: Message) => event({ type: 'message.added', message })
const begun = (answerId = 'a') => event({ type: 'answer.begun', answerId })
const continued = (from: number, text: string, answerId = 'a') =>
  event({ type: 'answer.continued', answerId, from, text })
const failed = (answerId = 'a') => event({ type: 'answer.failed', answerId, failure: 'cut' })
const stateAfter = (...actions: ConversationAction[]) => actions.reduce(reduceConversation, initialConversationState)
const ids = ({ messages }: ConversationState) => messages?.map(({ id }) => id)

describe('messages', () => {
  it('stand once and in the order of the server, whoever tells of them first', () => {
    const taken: ConversationAction = { type: 'taken', message: messageAt(3) }
    for (const later of [
      [taken, added(messageAt(2)), added(messageAt(3))],
      [added(messageAt(2)), added(messageAt(3)), taken],
      [taken, snapshot(page([messageAt(1), messageAt(2)])), added(messageAt(3))],
    ])
      expect(ids(stateAfter(snapshot(page([messageAt(1)])), ...later))).toEqual(['m1', 'm2', 'm3'])
  })

  it('go on before the first of a snapshot, and again after another', () => {
    const newest = page([messageAt(3), messageAt(4)], { older: 'before 3' })
    const older: ConversationAction = { type: 'older', messages: [messageAt(2), messageAt(3)], olderCursor: 'before 2' }
    const state = stateAfter(snapshot(newest), older)
    expect(ids(state)).toEqual(['m2', 'm3', 'm4'])
    const resumed = reduceConversation(state, snapshot(page([messageAt(4), messageAt(5)], { older: 'before 4' })))
    expect(ids(resumed)).toEqual(['m2', 'm3', 'm4', 'm5'])
    expect(resumed.olderCursor).toBe('before 2')
  })

  it('leave no hole when more came than a snapshot holds', () => {
    const before = snapshot(page([messageAt(1), messageAt(2)]))
    const state = stateAfter(before, snapshot(page([messageAt(8), messageAt(9)], { older: 'before 8' })))
    expect(ids(state)).toEqual(['m8', 'm9'])
    expect(state.olderCursor).toBe('before 8')
  })
})

describe('an answer', () => {
  const asked = snapshot(page([messageAt(1)]))

  it('grows piece by piece, becomes the message, and is not begun again by late news', () => {
    const grown = stateAfter(asked, begun(), continued(0, 'Hel'), continued(3, 'lo'))
    expect(grown.answer).toEqual({ id: 'a', content: 'Hello', failure: null })
    const whole = reduceConversation(grown, added(messageAt(2, 'a', 'assistant')))
    const late: ConversationAction[] = [
      begun(),
      continued(5, '!'),
      snapshot(page([messageAt(1)], { answer: { id: 'a', content: 'Hello', failure: null } })),
    ]
    for (const action of late) {
      const state = reduceConversation(whole, action)
      expect(state.answer).toBeNull()
      expect(ids(state)).toEqual(['m1', 'a'])
    }
  })

  it('takes a piece that it has in part or whole already once', () => {
    const resumed = snapshot(page([messageAt(1)], { answer: { id: 'a', content: 'Hello', failure: null } }))
    const state = stateAfter(resumed, begun(), continued(0, 'Hel'), continued(3, 'lo, wor'), continued(10, 'ld'))
    expect(state.answer?.content).toBe('Hello, world')
  })

  it('asks for a snapshot rather than guess what is missing, and goes on from it', () => {
    for (const state of [stateAfter(asked, begun(), continued(4, 'o')), stateAfter(asked, continued(4, 'o'))]) {
      expect(state.isBehind).toBe(true)
      expect(state.answer?.content ?? '').toBe('')
      const answer = { id: 'a', content: 'Hello', failure: null }
      expect(reduceConversation(state, snapshot(page([messageAt(1)], { answer })))).toMatchObject({
        answer,
        isBehind: false,
      })
    }
  })

  it('that failed stays with what it said until it is asked again', () => {
    const broken = stateAfter(asked, begun(), continued(0, 'Hel'), failed())
    expect(broken.answer).toEqual({ id: 'a', content: 'Hel', failure: 'cut' })
    expect(awaitsAnswer(broken)).toBe(false)
    for (const id of ['a', 'b'])
      expect(reduceConversation(broken, begun(id)).answer).toEqual({ id, content: '', failure: null })
  })

  it('that was stopped before its first word is gone', () => {
    const stopped = event({ type: 'answer.stopped', answerId: 'a' })
    const state = stateAfter(asked, begun(), stopped, begun(), continued(0, 'Hel'))
    expect(state.answer).toBeNull()
    expect(awaitsAnswer(state)).toBe(true)
  })

  it('is being asked for until something is heard of it', () => {
    const waiting = stateAfter(asked, { type: 'ask' })
    expect([waiting.isAsking, awaitsAnswer(waiting)]).toEqual([true, false])
    expect(reduceConversation(waiting, added(messageAt(2))).isAsking).toBe(true)
    for (const news of [begun(), asked, { type: 'ask-refused' } as const, added(messageAt(2, 'a', 'assistant'))])
      expect(reduceConversation(waiting, news).isAsking).toBe(false)
  })
})

it('keeps the newest name, whichever comes last', () => {
  const named = (title: string, version: number): Conversation => {
    return { id: 'c', title, messageCount: 0, version, createdAt: at, updatedAt: at }
  }
  const state = stateAfter(event({ type: 'conversation.updated', conversation: named('New', 2) }), {
    type: 'conversation',
    conversation: named('Old', 1),
  })
  expect(state.conversation?.title).toBe('New')
})

it.for(Array.from({ length: 60 }, (_, seed) => seed))('converges to what the server has, run %i', (seed) => {
  const random = randomFrom(seed + 1)
  const oneIn = (count: number) => random() * count < 1
  /** The server: its messages and answer, the events in order, and how both stood after each. */
  const stored: Message[] = []
  let answer: Answer | null = null
  const log: ConversationAction[] = []
  const stood: { count: number; answer: Answer | null }[] = [{ count: 0, answer: null }]
  const tell = (action: ConversationAction) => {
    log.push(action)
    stood.push({ count: stored.length, answer })
  }
  const add = (message: Message) => {
    stored.push(message)
    tell(added(message))
    return message
  }
  let made = 0

  let state = initialConversationState
  let cursor: number | null = null
  const calls: ConversationAction[] = []
  const take = (action: ConversationAction) => {
    state = reduceConversation(state, action)
    const positions = state.messages?.map(({ position }) => position) ?? []
    expect(positions, 'once and in order').toEqual([...new Set(positions)].sort((one, other) => one - other))
    if (state.answer) expect(ids(state) ?? [], 'not beside its message').not.toContain(state.answer.id)
  }
  /** Rows are read somewhat later than the cursor that comes with them. */
  const read = (from: number) => {
    const rows = stood[Math.min(log.length, from + Math.floor(random() * 4))] as (typeof stood)[number]
    const items = stored.slice(0, rows.count).slice(-5)
    const first = items[0]?.position ?? 1
    take(snapshot(page(items, { answer: rows.answer, older: first > 1 ? `before ${first}` : null })))
    cursor = from
  }

  const steps: (() => void)[] = [
    () => {
      if (answer && answer.failure === null) return
      const message = add(messageAt(stored.length + 1, `m${made++}`))
      if (oneIn(2)) calls.push({ type: 'taken', message })
    },
    () => {
      if (answer && answer.failure === null) return
      answer = { id: `a${made++}`, content: '', failure: null }
      tell(begun(answer.id))
    },
    ...[1, 2, 3].map(() => () => {
      if (!answer || answer.failure !== null) return
      const { id, content } = answer
      answer = { ...answer, content: `${content}${made}.` }
      tell(continued(content.length, `${made++}.`, id))
    }),
    () => {
      if (!answer || answer.failure !== null) return
      const { id, content } = answer
      if (oneIn(3)) {
        answer = { id, content, failure: 'cut' }
        return tell(failed(id))
      }
      answer = null
      if (content === '') return tell(event({ type: 'answer.stopped', answerId: id }))
      add({ ...messageAt(stored.length + 1, id, 'assistant'), content })
    },
    ...[1, 2, 3, 4].map(() => () => {
      const next = cursor === null ? undefined : log[cursor]
      if (!next || cursor === null) return
      take(next)
      cursor++
    }),
    () => {
      const call = calls.shift()
      if (call) take(call)
    },
    // The stream cannot be gone on from, and the page reads anew.
    () => {
      if (cursor === null || oneIn(4)) read(Math.max(cursor ?? 0, log.length - Math.floor(random() * 4)))
    },
  ]
  for (let step = 0; step < 200; step++) steps[Math.floor(random() * steps.length)]?.()
  for (const call of calls) take(call)
  if (cursor === null) read(log.length)
  for (const next of log.slice(cursor ?? 0)) take(next)

  expect(state.isBehind).toBe(false)
  expect(state.answer).toEqual(answer)
  expect(state.messages).toEqual(stored.slice(-(state.messages?.length ?? 0)))
  expect(state.messages?.length).toBeGreaterThanOrEqual(Math.min(5, stored.length))
})

/** The same numbers for the same seed (mulberry32), so that a failing run can be run again. */
function randomFrom(seed: number): () => number {
  let now = seed
  return () => {
    now = (now + 0x6d2b79f5) | 0
    let mixed = Math.imul(now ^ (now >>> 15), 1 | now)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
