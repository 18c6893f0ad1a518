/** Two instances on one database: what one changes, the other shows, heard or not. Within a second, where the machine is not late. */
import { afterAll, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { until } from '../../test/until.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = { DATABASE_URL: database.url }
const [a, b] = [await buildTestApp({ environment }), await buildTestApp({ environment })]

/** From the answer on A to who asks B all the time, in milliseconds. */
async function timeToShow(displayName: string): Promise<number> {
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
  // Listening begins beside the start.
  await until('A is heard by B', async () => (await timeToShow('Heard')) < 300)
  const times = await Promise.all(Array.from({ length: 10 }, (_, n) => timeToShow(`Name ${n}`)))
  // Of a second that it may take; all of them late would be the work of time alone.
  expect(Math.min(...times)).toBeLessThan(300)
})

it('when every notice is lost', async () => {
  const { notify } = a.database
  a.database.notify = async () => {}
  try {
    const times = await Promise.all(Array.from({ length: 10 }, (_, n) => timeToShow(`Name ${n}`)))
    // Else it was not lost.
    expect(Math.max(...times)).toBeGreaterThan(300)
    expect(Math.max(...times)).toBeLessThan(5000)
  } finally {
    a.database.notify = notify
  }
})
