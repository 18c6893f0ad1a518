/** Answers on several instances over one database: read along, stopped and given up elsewhere than where they are written. */
import { eq, sql } from 'drizzle-orm'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import type { Answer, ConversationEvent, Messages } from '../../../shared/conversations.ts'
import { buildTestApp, type TestApp, testEnvironment } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { createTestDatabase } from '../../test/database.ts'
import { signedIn } from '../../test/followers.ts'
import { delta, done, playAssistant, saying } from '../../test/played-assistant.ts'
import { ServerProcess } from '../../test/server-process.ts'
import { TestSocket } from '../../test/socket.ts'
import { TcpProxy } from '../../test/tcp-proxy.ts'
import { until } from '../../test/until.ts'
import { answers } from './table.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const assistant = await playAssistant()
const environment = testEnvironment({
  DATABASE_URL: database.url,
  ASSISTANT_URL: assistant.url,
  ASSISTANT_MODEL: 'small-model',
  PORT: '0',
})
/** Each with a provider of its own. */
const { GOOGLE_ISSUER: _away, ...settings } = environment
const quick = { environment: settings, times: { answers: { writeMs: 20, beatMs: 100 } } }
const [here, there] = [await buildTestApp(quick), await buildTestApp(quick)]
const url = await there.listen()

/** Of one person at two instances: asked here, followed there. */
async function asked() {
  const owner = await signedIn(here)
  const elsewhere = there.browser()
  for (const [name, value] of owner.browser.cookies) elsewhere.cookies.set(name, value)
  const { id: conversationId } = await ok<{ id: string }>(owner.browser, 'create')
  await ok(owner.browser, 'messages.append', { conversationId, content: 'Hello' })
  const socket = await TestSocket.openAs(url, elsewhere)
  await socket.subscribe('conversations.onEvent', { conversationId })
  const told = (type: ConversationEvent['type'], text = '') =>
    until(`${type} ${text}`, () =>
      socket.answers.some((answer) => {
        const frame = JSON.stringify(answer)
        return frame.includes(`"type":"${type}"`) && frame.includes(text)
      }),
    )
  const read = async () =>
    (await elsewhere.query('conversations.messages.list', { conversationId })).json().result.data as Messages
  return { browser: owner.browser, elsewhere, conversationId, told, read, close: () => socket.ws.close() }
}

async function ok<T>(browser: TestBrowser, path: string, input: object = {}): Promise<T> {
  const answer = await browser.mutate(`conversations.${path}`, input)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json().result.data
}

const writerOf = (app: TestApp) => app.inside.answerWriter

it('one is asked for once, whichever instances are asked at the same time', async () => {
  const { browser, elsewhere, conversationId, told, close } = await asked()
  assistant.play = saying(delta('Well'))
  const before = assistant.questions.length
  const calls = Array.from({ length: 10 }, (_, n) =>
    (n % 2 ? browser : elsewhere).mutate('conversations.answer.ask', { conversationId }),
  )
  const codes = (await Promise.all(calls)).map((answer) => answer.json().error?.data.code ?? 'ok')
  expect(codes.toSorted()).toEqual([...Array(9).fill('ANSWER_UNDER_WAY'), 'ok'])
  await told('answer.continued', 'Well')
  expect(assistant.questions.length - before).toBe(1)
  await ok(browser, 'answer.stop', { conversationId })
  await told('message.added', 'Well')
  close()
})

it('one that is written here is read along there, and stopped there', async () => {
  const { browser, elsewhere, conversationId, told, read, close } = await asked()
  assistant.play = saying(delta('Half '), delta('of'))
  const { id } = await ok<Answer>(browser, 'answer.ask', { conversationId })
  await told('answer.continued')
  expect(writerOf(there)?.size).toBe(0)
  expect(await ok(elsewhere, 'answer.stop', { conversationId })).toEqual({ stopped: true })
  await told('message.added', '"stopped":true')
  await until('nobody listens', () => assistant.last.isGone && writerOf(here)?.size === 0)
  expect(await read()).toMatchObject({ items: [{}, { id, content: 'Half of', stopped: true }], answer: null })
  close()
})

it('messages that are sent at the same time from everywhere have one order, without a gap', async () => {
  const { browser, elsewhere, conversationId, read, close } = await asked()
  const say = (n: number) =>
    ok<{ position: number }>(n % 2 ? browser : elsewhere, 'messages.append', { conversationId, content: `${n}` })
  const positions = (await Promise.all(Array.from({ length: 20 }, (_, n) => say(n)))).map(({ position }) => position)
  expect(positions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 2))
  expect((await read()).pagination.total).toBe(21)
  close()
})

it('one whose server closes is interrupted, and kept as far as it came', async () => {
  const third = await buildTestApp(quick)
  const { browser, conversationId, told, read, close } = await asked()
  const away = third.browser()
  for (const [name, value] of browser.cookies) away.cookies.set(name, value)
  assistant.play = saying(delta('Half of'))
  const { id } = await ok<Answer>(away, 'answer.ask', { conversationId })
  await told('answer.continued')
  await third.root.close()
  await told('answer.failed', 'interrupted')
  expect((await read()).answer).toEqual({ id, content: 'Half of', failure: 'interrupted' })
  close()
})

it('one during which the database is away for a moment is whole all the same', async () => {
  const proxy = await TcpProxy.before(Number(new URL(database.url).port))
  onTestFinished(() => proxy.close())
  const through = new URL(database.url)
  through.port = String(proxy.port)
  const third = await buildTestApp({ ...quick, environment: { ...settings, DATABASE_URL: through.href } })
  const { browser, conversationId, told, read, close } = await asked()
  const away = third.browser()
  for (const [name, value] of browser.cookies) away.cookies.set(name, value)
  assistant.play = saying(delta('Half of'))
  const { id } = await ok<Answer>(away, 'answer.ask', { conversationId })
  await told('answer.continued')
  proxy.mode = 'hang-up'
  proxy.cut()
  const { response } = assistant.last
  response.write(delta(' the hall'))
  await until('a write in vain', () => third.logs.some(({ msg }) => /not written down, trying on/.test(msg)))
  response.end(delta(' and the rest') + done)
  await until('the end', () => assistant.last.isGone)
  proxy.mode = 'pass'
  await told('message.added', 'Half of the hall and the rest')
  expect(await read()).toMatchObject({ items: [{}, { id, stopped: false }], answer: null })
  close()
})

it('one whose server is killed is given up by another, and can be asked for again', async () => {
  const { browser, conversationId, told, read, close } = await asked()
  const server = new ServerProcess(environment)
  await server.ready()
  assistant.play = saying(delta('Half of'))
  const call = await fetch(`${await server.origin()}/trpc/conversations.answer.ask`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      cookie: browser.cookieHeader,
      origin: String(environment.PUBLIC_URL),
    },
    body: JSON.stringify({ conversationId }),
  })
  expect(call.status).toBe(200)
  await told('answer.continued')
  await server.kill('SIGKILL')
  expect(await browser.mutate('conversations.answer.ask', { conversationId })).toMatchObject({ statusCode: 409 })
  // As long as it takes, in no time; what gives it up is at work at both.
  await here.database.db
    .update(answers)
    .set({ beatAt: sql`now() - interval '20 s'` })
    .where(eq(answers.conversationId, conversationId))
  await told('answer.failed', 'interrupted')
  expect((await read()).answer).toMatchObject({ content: 'Half of', failure: 'interrupted' })
  assistant.play = (response) => response.writeHead(200).end(delta('Here I am') + done)
  await ok(browser, 'answer.ask', { conversationId })
  await told('message.added', 'Here I am')
  close()
})
