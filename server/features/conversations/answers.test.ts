import { desc, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import {
  type Answer,
  type AnswerFailure,
  type Conversation,
  type ConversationEvent,
  conversationLimits,
  type Messages,
} from '../../../shared/conversations.ts'
import { auditLogs } from '../../platform/audit/table.ts'
import { newId } from '../../platform/db/columns.ts'
import { buildTestApp, type TestApp } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { signedIn } from '../../test/followers.ts'
import {
  answering,
  delta,
  done,
  failing,
  inPieces,
  type Play,
  playAssistant,
  saying,
} from '../../test/played-assistant.ts'
import { until } from '../../test/until.ts'
import { failAbandoned } from './answers.ts'
import { answers, conversations, messages } from './table.ts'

const apiKey = 'sk-KeyOfTheOperator0123456789'
const assistant = await playAssistant()
const environment = {
  ASSISTANT_URL: assistant.url,
  ASSISTANT_API_KEY: apiKey,
  ASSISTANT_MODEL: 'small-model',
  ASSISTANT_ANSWERS_AT_ONCE: '1000',
}
const often = { writeMs: 20, beatMs: 100 }
const app = await buildTestApp({ environment, times: { answers: often } })
const impatient = await buildTestApp({ environment, times: { answers: { ...often, firstByteMs: 300, pauseMs: 300 } } })
const { db } = app.database

type Answered = ReturnType<TestBrowser['query']>
async function ok<T>(answer: Answered): Promise<T> {
  const { statusCode, body } = await answer
  expect(statusCode, body).toBe(200)
  return JSON.parse(body).result.data
}
const codeOf = async (answer: Answered) => (await answer).json().error?.data.code

const conversationWith = (...words: string[]) => conversationAt(app, ...words)

async function conversationAt(at: TestApp, ...words: string[]) {
  const { browser, id: userId } = await signedIn(at)
  const { id: conversationId } = await ok<Conversation>(browser.mutate('conversations.create'))
  const here = { conversationId }
  const say = (content: string) => ok(browser.mutate('conversations.messages.append', { ...here, content }))
  for (const content of words) await say(content)
  const read = () => ok<Messages>(browser.query('conversations.messages.list', here))
  const { cursor } = await read()
  const ask = () => browser.mutate('conversations.answer.ask', here)
  const stop = () => ok<{ stopped: boolean }>(browser.mutate('conversations.answer.stop', here))
  const events = async () =>
    (await ok<{ events: ConversationEvent[] }>(browser.query('conversations.events', { ...here, lastEventId: cursor })))
      .events
  /** Resolves once something like it is told, with all that was told until then. */
  const told = (type: ConversationEvent['type'], text = '') =>
    until(`${type} ${text}`, async () => {
      const all = await events()
      return all.some((event) => event.type === type && JSON.stringify(event).includes(text)) ? all : null
    })
  return { browser, userId, conversationId, say, read, ask, stop, events, told }
}

const spoken = (events: ConversationEvent[]) =>
  events.reduce((text, event) => {
    if (event.type !== 'answer.continued') return text
    expect(event.from).toBe(text.length)
    return text + event.text
  }, '')

/** Keys and addresses are the operator's, and what is said belongs to whoever says it. */
function nothingLeaked({ logs: lines }: TestApp, ...more: string[]) {
  const logs = JSON.stringify(lines)
  expect(lines.length).toBeGreaterThan(0)
  for (const word of [apiKey, assistant.url, ...more]) expect(logs).not.toContain(word)
}

describe('an answer', () => {
  it('comes bit by bit, however its bytes are cut, and is a message in the end', async () => {
    const text = 'Grüße, 8️⃣0 Leute 🎉\n\tpassen in den Saal.'
    const bits = text.split(/(?<= )/)
    const lines = [': a comment\r\n\r\n', ...bits.map(delta).map((bit) => bit.replaceAll('\n', '\r\n')), done]
    const { ask, told, read, userId, conversationId, browser } = await conversationWith('Which rooms hold eighty?')
    for (const length of [1, 3, 1000]) {
      assistant.play = inPieces(lines.join(''), length)
      const { id, ...begun } = await ok<Answer>(ask())
      expect(begun).toEqual({ content: '', failure: null })
      const events = (await told('message.added', id)).slice(-100)
      const ours = events.filter((event) => !('answerId' in event) || event.answerId === id)
      expect(
        ours
          .map(({ type }) => type)
          .filter((type) => type !== 'answer.continued')
          .slice(-2),
      ).toEqual(['answer.begun', 'message.added'])
      expect(spoken(ours)).toBe(text)
      const { items, answer } = await read()
      expect(items.at(-1)).toMatchObject({ id, role: 'assistant', content: text, stopped: false })
      expect(answer).toBeNull()
      const [record] = await db
        .select()
        .from(auditLogs)
        .where(eq(auditLogs.action, 'conversations.answer'))
        .orderBy(desc(auditLogs.id))
      expect(record).toMatchObject({ actorId: userId, target: `conversation:${conversationId}`, ip: '127.0.0.1' })
      expect(JSON.stringify(record)).not.toContain('Saal')
      await ok(browser.mutate('conversations.messages.append', { conversationId, content: 'Again?' }))
    }
    expect(assistant.last).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: {
        model: 'small-model',
        stream: true,
        messages: [
          { role: 'user', content: 'Which rooms hold eighty?' },
          { role: 'assistant', content: text },
          { role: 'user', content: 'Again?' },
          { role: 'assistant', content: text },
          { role: 'user', content: 'Again?' },
        ],
      },
    })
    nothingLeaked(app, 'Saal', 'eighty')
  })

  it('holds nothing that a message may not: halves of characters are put together, others and controls left out', async () => {
    const bits = [...['\ud83c', '\udf89', ' a\u0000b\u001b[31m', '\ud83d'].map(delta), done]
    const { ask, told, read } = await conversationWith('Hello')
    assistant.play = (response) => response.writeHead(200).end(bits.join(''))
    await ok(ask())
    await told('message.added', 'assistant')
    expect((await read()).items.at(-1)?.content).toBe('🎉 ab[31m')
  })

  it('is made of the newest messages that fit, and of the last in any case', async () => {
    const long = 'x'.repeat(conversationLimits.messageLength)
    const first = await conversationWith('Old', long, long, 'New')
    await ok(first.ask())
    await first.told('message.added', 'assistant')
    const lengths = () => assistant.last.body.messages.map(({ content }) => content.length)
    expect(lengths()).toEqual([3, 20_000, 20_000, 3])
    const second = await conversationWith('Old', long, long, long, 'New')
    await ok(second.ask())
    await second.told('message.added', 'assistant')
    expect(lengths()).toEqual([20_000, 20_000, 3])
  })

  it('is asked for once at a time, after somebody’s words, by whoever has them', async () => {
    const { ask, say, stop, told, browser, conversationId } = await conversationWith()
    expect(await codeOf(ask())).toBe('NOTHING_TO_ANSWER')
    expect(await ok(browser.query('conversations.assistant'))).toEqual({ available: true })
    const own = { conversationId, content: 'I am it', role: 'assistant' }
    expect(await codeOf(browser.mutate('conversations.messages.append', own))).toBe('ANSWERED_BY_ASSISTANT')
    await say('Hello')
    assistant.play = saying(delta('Well'))
    const asked = assistant.questions.length
    const codes = await Promise.all([1, 2, 3, 4].map(() => codeOf(ask())))
    expect(codes.filter((code) => code === undefined)).toHaveLength(1)
    expect(codes.filter((code) => code === 'ANSWER_UNDER_WAY')).toHaveLength(3)
    await told('answer.continued')
    expect(assistant.questions.length).toBe(asked + 1)
    expect(await stop()).toEqual({ stopped: true })
    await told('message.added', 'Well')
    expect(await codeOf(ask())).toBe('NOTHING_TO_ANSWER')
  })
})

const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`
const failures: [string, AnswerFailure, Play, content?: string | number][] = [
  [
    'asks for a credential',
    'refused',
    failing(401, {}, `{"error":{"message":"${apiKey} is wrong","code":"${apiKey}"}}`),
  ],
  ['fails', 'refused', failing(500, {}, '<html>')],
  ['leads elsewhere', 'refused', failing(307, { location: 'http://127.0.0.1:1/' })],
  ['says at length why not', 'refused', failing(400, {}, 'x'.repeat(100_000))],
  ['has too much to do', 'busy', failing(429)],
  ['is being repaired', 'busy', failing(503)],
  ['hangs up', 'unreachable', (response) => response.destroy()],
  [
    'breaks off',
    'cut',
    (response) => {
      saying(delta('One'))(response)
      response.socket?.end()
    },
    'One',
  ],
  ['ends without an end', 'cut', (response) => response.writeHead(200).end(delta('One')), 'One'],
  ['answers with something else', 'cut', failing(200, {}, '{"choices":[{"message":{"content":"One"}}]}')],
  [
    'speaks gibberish',
    'cut',
    (response) => response.writeHead(200).end(`${delta('One')}data: {"choi\n\n${done}`),
    'One',
  ],
  ['has a form of its own', 'cut', (response) => response.writeHead(200).end(event({ choices: 'One' }) + done)],
  [
    'finds a fault on its way',
    'refused',
    (response) => response.writeHead(200).end(delta('One') + event({ error: {} })),
    'One',
  ],
  ['has nothing to say', 'empty', answering()],
  ['says blanks', 'empty', answering(' ', '\n'), ' \n'],
  ['never ends', 'too-long', endless(delta('y'.repeat(1000))), conversationLimits.messageLength],
  ['never ends a line', 'too-long', endless(`data: ${'y'.repeat(1000)}`.replaceAll('\n', '')), 0],
  ['never says a word', 'too-long', endless(event({ choices: [], padding: 'y'.repeat(10_000) })), 0],
]

const silences: typeof failures = [
  ['says nothing at all', 'unreachable', () => {}],
  ['stops speaking', 'cut', saying(delta('One, '), delta('two')), 'One, two'],
]

function endless(bit: string): Play {
  return (response) => {
    response.writeHead(200)
    const go = () => {
      if (response.destroyed) return
      while (response.write(bit));
      response.once('drain', go)
    }
    go()
  }
}

describe('an assistant that', () => {
  const each: [TestApp, ...(typeof failures)[number]][] = [
    ...failures.map((row): [TestApp, ...typeof row] => [app, ...row]),
    ...silences.map((row): [TestApp, ...typeof row] => [impatient, ...row]),
  ]
  it.each(each)('$1: $2', async (at, _, failure, play, content = '') => {
    const { ask, told, read } = await conversationAt(at, 'Hello')
    assistant.play = play
    const { id } = await ok<Answer>(ask())
    const events = await told('answer.failed')
    expect(events.at(-1)).toMatchObject({ type: 'answer.failed', answerId: id, failure })
    const { items, answer } = await read()
    expect(items).toHaveLength(1)
    expect(answer).toMatchObject({ id, failure })
    expect(typeof content === 'number' ? answer?.content.length : answer?.content).toBe(content)
    expect(spoken(events)).toBe(answer?.content)
    await until('it is left alone', () => assistant.last.isGone)
    nothingLeaked(at)
  })

  it('failed is asked anew, from the beginning', async () => {
    const { ask, told, read } = await conversationWith('Hello')
    assistant.play = failing(500)
    const failed = await ok<Answer>(ask())
    await told('answer.failed')
    assistant.play = answering('Hello ', 'to you')
    const { id } = await ok<Answer>(ask())
    expect(id).not.toBe(failed.id)
    await told('message.added', id)
    expect(await read()).toMatchObject({ items: [{}, { id, content: 'Hello to you' }], answer: null })
  })

  it('is asked over REST is heard there too', async () => {
    const { browser, conversationId, told } = await conversationWith('Hello')
    const path = `/api/v1/conversations/${conversationId}`
    expect((await browser.get(`${path}/answer`)).statusCode).toBe(404)
    assistant.play = failing(503)
    const asked = await browser.send({ method: 'POST', url: `${path}/answer` })
    expect([asked.statusCode, asked.json().data]).toEqual([202, { id: expect.any(String), content: '', failure: null }])
    await told('answer.failed')
    expect((await browser.get(`${path}/answer`)).json().data).toEqual({ ...asked.json().data, failure: 'busy' })
    const listed = (await browser.get(`${path}/messages?order=newest&limit=1`)).json()
    expect(listed).toMatchObject({ data: [{ content: 'Hello' }], meta: { pagination: { total: 1, page: 1 } } })
    expect((await browser.send({ method: 'DELETE', url: path })).statusCode).toBe(204)
    expect((await browser.get(path)).statusCode).toBe(404)
  })

  it('thinks for long is there all the while', async () => {
    const { ask, told, stop, conversationId } = await conversationWith('Hello')
    let breathing: ReturnType<typeof setInterval> | undefined
    assistant.play = (response) => {
      saying(': thinking\n\n')(response)
      breathing = setInterval(() => response.write(': thinking\n\n'), 20)
    }
    await ok(ask())
    const beat = async () =>
      (await db.select().from(answers).where(eq(answers.conversationId, conversationId)))[0]?.beatAt
    const first = await beat()
    await until('another beat', async () => Number(await beat()) > Number(first))
    clearInterval(breathing)
    await stop()
    await told('answer.stopped')
  })
})

describe('an answer that is stopped', () => {
  it('becomes a message of what was said, and its assistant is not listened to any more', async () => {
    const { ask, stop, told, read } = await conversationWith('Hello')
    assistant.play = saying(delta('Half of'))
    const { id } = await ok<Answer>(ask())
    await told('answer.continued')
    expect((await read()).answer).toEqual({ id, content: 'Half of', failure: null })
    expect(await stop()).toEqual({ stopped: true })
    await told('message.added', id)
    await until('nobody listens', () => assistant.last.isGone)
    expect(await read()).toMatchObject({ items: [{}, { id, content: 'Half of', stopped: true }], answer: null })
    expect(await stop()).toEqual({ stopped: false })
  })

  it('becomes nothing when nothing was said', async () => {
    const { ask, stop, told, read } = await conversationWith('Hello')
    assistant.play = saying()
    const { id } = await ok<Answer>(ask())
    expect(await stop()).toEqual({ stopped: true })
    expect((await told('answer.stopped')).at(-1)).toMatchObject({ answerId: id })
    expect(await read()).toMatchObject({ items: [{ role: 'user' }], answer: null })
  })

  it('goes with its conversation', async () => {
    const { ask, told, browser, conversationId } = await conversationWith('Hello')
    assistant.play = saying(delta('Half of'))
    await ok(ask())
    await told('answer.continued')
    await ok(browser.mutate('conversations.delete', { conversationId }))
    await until('nobody listens', () => assistant.last.isGone && app.inside.answerWriter?.size === 0)
    expect(await db.$count(messages, eq(messages.conversationId, conversationId))).toBe(0)
    expect(await db.$count(answers, eq(answers.conversationId, conversationId))).toBe(0)
  })
})

describe('an answer whose server went away', () => {
  it('is given up when it has not beaten for long, and only then', async () => {
    const { told, read, userId, conversationId } = await conversationWith('Hello')
    const [id, old] = [newId(), new Date(Date.now() - 21_000)]
    const value = { id, conversationId, userId, content: 'Half of' }
    await db.insert(answers).values({ ...value, beatAt: new Date(Date.now() - 15_000) })
    await failAbandoned(db)
    expect((await read()).answer).toEqual({ id, content: 'Half of', failure: null })
    await db.update(answers).set({ beatAt: old }).where(eq(answers.id, id))
    await failAbandoned(db)
    expect((await told('answer.failed')).at(-1)).toMatchObject({ answerId: id, failure: 'interrupted' })
    expect((await read()).answer).toEqual({ id, content: 'Half of', failure: 'interrupted' })
  })

  it('does not keep a conversation from being answered by another', async () => {
    const { ask, told, userId, conversationId } = await conversationWith('Hello')
    await db.insert(answers).values({ id: newId(), conversationId, userId, beatAt: new Date(Date.now() - 21_000) })
    assistant.play = answering('Here I am')
    const { id } = await ok<Answer>(ask())
    await told('message.added', id)
  })
})

it('more than one instance writes is put off', async () => {
  const calm = await buildTestApp({ environment })
  const { db } = calm.database
  assistant.play = saying()
  const { browser, userId } = await conversationAt(calm)
  const values = Array.from({ length: 51 }, () => ({ id: newId(), userId, messageCount: 1 }))
  await db.insert(conversations).values(values)
  await db
    .insert(messages)
    .values(values.map(({ id }) => ({ conversationId: id, userId, role: 'user' as const, content: 'x', position: 1 })))
  for (const { id: conversationId } of values) await ok(browser.mutate('conversations.answer.ask', { conversationId }))
  await until('one is put off', () => db.$count(answers, eq(answers.failure, 'busy')))
  expect([await db.$count(answers, eq(answers.failure, 'busy')), calm.inside.answerWriter?.size]).toEqual([1, 50])
})
