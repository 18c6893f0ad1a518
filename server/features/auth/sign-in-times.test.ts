/**
 * How long a refusal takes does not tell who has an account. By ranks (Mann and Whitney 1947), which one slow answer does not
 * move: the part of all pairs in which one kind took longer than another is a half when they cannot be told apart. It is sampled
 * until it is near a half for all kinds, which a part of 0.85 is taken for once in a thousand times, or for long enough to tell.
 */
import { eq } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { users } from '../../platform/identity/table.ts'
import { buildTestApp, newPerson } from '../../test/app.ts'
import { anotherPassword, newAccount, registered } from '../../test/passwords.ts'

const app = await buildTestApp()
/** Of each kind. */
const [fewest, most] = [30, 100]

it('unknown, wrong, disabled and Google’s are not told apart by time', async ({ annotate }) => {
  const [known, disabled] = [await registered(app), await registered(app)]
  await app.database.db.update(users).set({ isActive: false }).where(eq(users.id, disabled.id))
  const google = newPerson()
  await app.signIn(google)
  const kinds: Record<string, () => { email: string; password: string }> = {
    unknown: newAccount,
    wrong: () => ({ email: known.email, password: anotherPassword() }),
    disabled: () => disabled,
    google: () => ({ email: google.email, password: anotherPassword() }),
  }
  const names = Object.keys(kinds)
  const timesMs: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]))
  const pairs = names.flatMap((one, at) => names.slice(at + 1).map((other) => [one, other] as const))
  const longer = ([one, other]: (typeof pairs)[number]) => partLonger(timesMs[one] ?? [], timesMs[other] ?? [])
  // Two standard deviations of 30 beside 30.
  const allNearHalf = () => pairs.every((pair) => Math.abs(longer(pair) - 0.5) < 0.15)
  // In turns of another order each time, for what comes after what must not matter; the first turns warm up.
  for (let turn = -5; turn < fewest || (turn < most && !allNearHalf()); turn++) {
    for (const name of names.toSorted(() => Math.random() - 0.5)) {
      const { email, password } = kinds[name]?.() ?? expect.unreachable()
      const from = performance.now()
      const { statusCode } = await app.browser().mutate('auth.login', { email, password })
      if (turn >= 0) timesMs[name]?.push(performance.now() - from)
      expect(statusCode).toBe(401)
    }
  }
  for (const pair of pairs) {
    const part = longer(pair)
    const what = `${pair[0]} took longer than ${pair[1]} in ${(part * 100).toFixed(1)} % of pairs of ${timesMs.wrong?.length}`
    await annotate(what)
    // Six standard deviations of 100 beside 100; without the work for nobody it is 0 or 1.
    expect(part, what).toBeGreaterThan(0.25)
    expect(part, what).toBeLessThan(0.75)
  }
})

function partLonger(one: number[], other: number[]): number {
  let longer = 0
  for (const a of one) for (const b of other) longer += a > b ? 1 : a === b ? 0.5 : 0
  return longer / (one.length * other.length)
}
