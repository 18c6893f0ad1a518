/** Two instances on one database: what one changes, the other shows, whether its notice arrives or is lost. */
import { afterAll, expect, it } from 'vitest'
import { buildTestApp, type TestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { until } from '../../test/until.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = { DATABASE_URL: database.url }

/** From the response of A until B, which is asked all the time, shows the name; in milliseconds. */
async function timeToShow(a: TestApp, b: TestApp, displayName: string): Promise<number> {
  const onA = await a.signIn()
  const onB = b.browser({ cookie: onA.cookieHeader })
  const shown = async () => (await onB.get('/me')).json().displayName === displayName
  expect(await shown()).toBe(false)
  expect((await onA.mutate('account.updateProfile', { displayName })).statusCode).toBe(200)
  const began = performance.now()
  await until('the name', shown)
  return performance.now() - began
}

it('by its notice', async () => {
  // Without the notice the other instance would show it after ten minutes.
  const times = { identity: { profileTrustMs: 600_000 } }
  const [a, b] = [await buildTestApp({ environment, times }), await buildTestApp({ environment, times })]
  // Listening begins after the start.
  let isHeard = false
  b.inside.notices.on('sessions.ended', () => {
    isHeard = true
  })
  await until('A is heard by B', async () => {
    await a.inside.notices.publish('sessions.ended', { sessionIds: ['none'], reason: 'revoked' })
    return isHeard
  })
  await Promise.all(Array.from({ length: 10 }, (_, n) => timeToShow(a, b, `Name ${n}`)))
})

it('when every notice is lost', async () => {
  const [a, b] = [await buildTestApp({ environment }), await buildTestApp({ environment })]
  a.database.notify = async () => {}
  const times = await Promise.all(Array.from({ length: 10 }, (_, n) => timeToShow(a, b, `Name ${n}`)))
  // Else it was not lost.
  expect(Math.max(...times)).toBeGreaterThan(300)
  expect(Math.max(...times)).toBeLessThan(5000)
})
