import { describe, expect, it } from 'vitest'
import { KnownRows } from '../../../client/known-rows.ts'
import type { Answer, Conversation, ConversationEvent, Message, Messages } from '../../../shared/conversations.ts'
import { randomFrom } from '../../test/random-from.ts'
import { type AnswerAction, type AnswerState, awaitsAnswer, initialAnswerState, reduceAnswer } from './answer-state.ts'
import { messageRules } from './messages/message-rules.ts'

/** The messages, oldest first, and what a page knows beside them. */
interface Conversed extends AnswerState {
  known: KnownRows<Message, 'all'>
}
type Step = (before: Conversed) => Conversed

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
const reduced = (before: Conversed, action: AnswerAction): Conversed => ({
  ...reduceAnswer(before, action, (id) => before.known.get(id) !== undefined),
  known: before.known,
})
const step =
  (action: AnswerAction): Step =>
  (before) =>
    reduced(before, action)
const happened = { seq: 1, at, actorId: 'me' }
const event =
  (reported: Record<string, unknown>): Step =>
  (before) => {
    const event = { ...happened, ...reported } as ConversationEvent
    before.known.take(messageRules.read(event))
    return reduced(before, { type: 'event', event })
  }
const snapshot =
  (messages: Messages): Step =>
  (before) => {
    before.known.takeSnapshot('all', [messages])
    return reduced(before, { type: 'snapshot', answer: messages.answer })
  }
/** The response to a call of this page. */
const taken =
  (message: Message): Step =>
  (before) => {
    before.known.take({ put: message, isNew: true })
    return before
  }
const added = (message: Message) => event({ type: 'message.added', message })
const begun = (answerId = 'a') => event({ type: 'answer.begun', answerId })
const continued = (from: number, text: string, answerId = 'a') =>
  event({ type: 'answer.continued', answerId, from, text })
const failed = (answerId = 'a') => event({ type: 'answer.failed', answerId, failure: 'cut' })
const initial = (): Conversed => ({ ...initialAnswerState, known: new KnownRows(messageRules) })
const stateAfter = (...steps: Step[]) => steps.reduce((state, take) => take(state), initial())
const messagesOf = ({ known }: Conversed) => known.inOrder.toReversed()
const ids = (state: Conversed) => messagesOf(state).map(({ id }) => id)

describe('messages', () => {
  it('stand once and in the order of the server, whatever reports them first', () => {
    const response = taken(messageAt(3))
    for (const later of [
      [response, added(messageAt(2)), added(messageAt(3))],
      [added(messageAt(2)), added(messageAt(3)), response],
      [response, snapshot(page([messageAt(1), messageAt(2)])), added(messageAt(3))],
    ])
      expect(ids(stateAfter(snapshot(page([messageAt(1)])), ...later))).toEqual(['m1', 'm2', 'm3'])
  })

  it('go on before the first of a snapshot, and again after another', () => {
    const newest = page([messageAt(3), messageAt(4)], { older: 'before 3' })
    const older: Step = (before) => {
      before.known.takePage('all', 'before 3', page([messageAt(2), messageAt(3)], { older: 'before 2' }))
      return before
    }
    const state = stateAfter(snapshot(newest), older)
    expect(ids(state)).toEqual(['m2', 'm3', 'm4'])
    const resumed = snapshot(page([messageAt(4), messageAt(5)], { older: 'before 4' }))(state)
    expect(ids(resumed)).toEqual(['m2', 'm3', 'm4', 'm5'])
    expect(resumed.known.reach('all')?.next).toBe('before 2')
  })

  it('leave no hole when more came than a snapshot holds', () => {
    const before = snapshot(page([messageAt(1), messageAt(2)]))
    const state = stateAfter(before, snapshot(page([messageAt(8), messageAt(9)], { older: 'before 8' })))
    expect(ids(state)).toEqual(['m8', 'm9'])
    expect(state.known.reach('all')?.next).toBe('before 8')
  })
})

describe('an answer', () => {
  const asked = snapshot(page([messageAt(1)]))

  it('grows piece by piece, becomes the message, and is not begun again by late news', () => {
    const grown = stateAfter(asked, begun(), continued(0, 'Hel'), continued(3, 'lo'))
    expect(grown.answer).toEqual({ id: 'a', content: 'Hello', failure: null })
    const whole = added(messageAt(2, 'a', 'assistant'))(grown)
    const late: Step[] = [
      begun(),
      continued(5, '!'),
      snapshot(page([messageAt(1)], { answer: { id: 'a', content: 'Hello', failure: null } })),
    ]
    for (const take of late) {
      const state = take(whole)
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
      expect(snapshot(page([messageAt(1)], { answer }))(state)).toMatchObject({
        answer,
        isBehind: false,
      })
    }
  })

  it('that failed stays with what it said until it is asked again', () => {
    const broken = stateAfter(asked, begun(), continued(0, 'Hel'), failed())
    expect(broken.answer).toEqual({ id: 'a', content: 'Hel', failure: 'cut' })
    expect(awaitsAnswer(broken, messageAt(1))).toBe(false)
    for (const id of ['a', 'b']) expect(begun(id)(broken).answer).toEqual({ id, content: '', failure: null })
  })

  it('that was stopped before its first word is not shown', () => {
    const stopped = event({ type: 'answer.stopped', answerId: 'a' })
    const state = stateAfter(asked, begun(), stopped, begun(), continued(0, 'Hel'))
    expect(state.answer).toBeNull()
    expect(awaitsAnswer(state, messagesOf(state).at(-1))).toBe(true)
  })

  it('is being asked for until something is heard of it', () => {
    const waiting = () => stateAfter(asked, step({ type: 'ask' }))
    expect([waiting().isAsking, awaitsAnswer(waiting(), messageAt(1))]).toEqual([true, false])
    expect(added(messageAt(2))(waiting()).isAsking).toBe(true)
    for (const news of [begun(), asked, step({ type: 'ask-refused' }), added(messageAt(2, 'a', 'assistant'))])
      expect(news(waiting()).isAsking).toBe(false)
  })
})

it('keeps the newest name, whichever comes last', () => {
  const named = (title: string, version: number): Conversation => {
    return { id: 'c', title, messageCount: 0, version, createdAt: at, updatedAt: at }
  }
  const state = stateAfter(
    event({ type: 'conversation.updated', conversation: named('New', 2) }),
    step({ type: 'conversation', conversation: named('Old', 1) }),
  )
  expect(state.conversation?.title).toBe('New')
})

it.for(Array.from({ length: 60 }, (_, seed) => seed))('converges to what the server has, run %i', (seed) => {
  const random = randomFrom(seed + 1)
  const oneIn = (count: number) => random() * count < 1
  /** The server: its messages and answer, the events in order, and how both stood after each. */
  const stored: Message[] = []
  let answer: Answer | null = null
  const log: Step[] = []
  const stood: { count: number; answer: Answer | null }[] = [{ count: 0, answer: null }]
  const report = (change: Step) => {
    log.push(change)
    stood.push({ count: stored.length, answer })
  }
  const add = (message: Message) => {
    stored.push(message)
    report(added(message))
    return message
  }
  let made = 0

  let state = initial()
  let cursor: number | null = null
  const calls: Step[] = []
  const take = (change: Step) => {
    state = change(state)
    const positions = messagesOf(state).map(({ position }) => position)
    expect(positions, 'once and in order').toEqual([...new Set(positions)].sort((one, other) => one - other))
    if (state.answer) expect(ids(state), 'not beside its message').not.toContain(state.answer.id)
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
      if (oneIn(2)) calls.push(taken(message))
    },
    () => {
      if (answer && answer.failure === null) return
      answer = { id: `a${made++}`, content: '', failure: null }
      report(begun(answer.id))
    },
    ...[1, 2, 3].map(() => () => {
      if (!answer || answer.failure !== null) return
      const { id, content } = answer
      answer = { ...answer, content: `${content}${made}.` }
      report(continued(content.length, `${made++}.`, id))
    }),
    () => {
      if (!answer || answer.failure !== null) return
      const { id, content } = answer
      if (oneIn(3)) {
        answer = { id, content, failure: 'cut' }
        return report(failed(id))
      }
      answer = null
      if (content === '') return report(event({ type: 'answer.stopped', answerId: id }))
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
    // The stream cannot be resumed, and the page reads a snapshot.
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
  const messages = messagesOf(state)
  expect(messages).toEqual(stored.slice(-messages.length))
  expect(messages.length).toBeGreaterThanOrEqual(Math.min(5, stored.length))
})
