/** How many answers one user may have the assistant write. */
import { eq, sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import type { Conversation } from '../../../shared/conversations.ts'
import { users } from '../../platform/identity/table.ts'
import { rateLimits } from '../../platform/limits/table.ts'
import { buildTestApp, type TestApp } from '../../test/app.ts'
import { signedIn } from '../../test/followers.ts'
import { registered } from '../../test/passwords.ts'
import { answering, playAssistant } from '../../test/played-assistant.ts'
import { until } from '../../test/until.ts'
import { answers } from './table.ts'

const assistant = await playAssistant()
const environment = { ASSISTANT_URL: assistant.url, ASSISTANT_MODEL: 'small-model', ASSISTANT_ANSWERS_AT_ONCE: '2' }
const times = { answers: { writeMs: 20, beatMs: 100 } }
const app = await buildTestApp({ environment, times })
const sparing = await buildTestApp({
  environment: { ...environment, ASSISTANT_ANSWERS_PER_HOUR: '3', ASSISTANT_ANSWERS_PER_DAY: '4' },
  times,
})

/** A user with conversations that have a question each. */
async function asking(at: TestApp, conversations: number, { browser } = { browser: at.browser() }) {
  const asks = await Promise.all(
    Array.from({ length: conversations }, async () => {
      const { id: conversationId }: Conversation = (await browser.mutate('conversations.create')).json().result.data
      await browser.mutate('conversations.messages.append', { conversationId, content: 'Well?' })
      return async () => {
        const answer = await browser.mutate('conversations.answer.ask', { conversationId })
        return (answer.json().error?.data.code as string | undefined) ?? 'asked'
      }
    }),
  )
  const whole = () => until('whole answers', async () => (await at.database.db.$count(answers)) === 0)
  return { asks, whole }
}

it('is two at once, of however many are asked for together, and another one once one has ended', async () => {
  assistant.play = () => {}
  const { asks, whole } = await asking(app, 6, await signedIn(app))
  const outcomes = await Promise.all(asks.map((ask) => ask()))
  expect(outcomes.toSorted()).toEqual([...Array(4).fill('TOO_MANY_ANSWERS'), 'asked', 'asked'])
  const begun = outcomes.indexOf('asked')
  // That its own answer is under way is told as what it is.
  expect(await asks[begun]?.()).toBe('ANSWER_UNDER_WAY')
  // Somebody else is not held up.
  const { asks: others } = await asking(app, 1, await signedIn(app))
  expect(await others[0]?.()).toBe('asked')
  assistant.play = answering('Yes.')
  await app.database.db.delete(answers)
  expect(await asks[outcomes.indexOf('TOO_MANY_ANSWERS')]?.()).toBe('asked')
  await whole()
})

it('is so many in an hour and in a day, of which what was refused is none', async () => {
  assistant.play = answering('Yes.')
  const { asks, whole } = await asking(sparing, 6, await signedIn(sparing))
  const next = async () => {
    const outcome = await asks.shift()?.()
    await whole()
    return outcome
  }
  const pass = (interval: string) =>
    sparing.database.db.update(rateLimits).set({
      expire: sql`${rateLimits.expire} - (extract(epoch from ${interval}::interval) * 1000)::bigint`,
    })
  expect([await next(), await next(), await next()]).toEqual(['asked', 'asked', 'asked'])
  const refused = asks[0]
  expect([await refused?.(), await refused?.()]).toEqual(['RATE_LIMITED', 'RATE_LIMITED'])
  await pass('61 minutes')
  expect([await next(), await next()]).toEqual(['asked', 'RATE_LIMITED'])
  await pass('24 hours')
  expect(await next()).toBe('asked')
})

it('is none while nobody has vouched for who they are', async () => {
  assistant.play = answering('Yes.')
  const { browser } = await registered(app)
  const { asks } = await asking(app, 1, { browser })
  expect(await asks[0]?.()).toBe('PROOF_NEEDED')
  const { id } = (await browser.get('/me')).json()
  await app.database.db.update(users).set({ emailVerified: true }).where(eq(users.id, id))
  expect(await asks[0]?.()).toBe('asked')
})
