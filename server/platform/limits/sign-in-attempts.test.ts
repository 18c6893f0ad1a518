/** Guessing passwords: what counts as a failed attempt, for whom, and what gives the count back. */
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { AppError, toAppError } from '../errors/app-error.ts'
import { SignInAttempts } from './sign-in-attempts.ts'
import { MemoryWindows, SharedWindows } from './windows.ts'

const [limit, mailsOfNetwork] = [3, 7]
const app = await buildTestApp({
  environment: { RATE_LIMIT_SIGN_IN: String(limit), RATE_LIMIT_ANONYMOUS: String(mailsOfNetwork) },
})
const attempts = app.inside.signInAttempts

let names = 0
const newAccount = () => `ada-${++names}@example.org`
const newAddress = () => `192.0.2.${++names}`

const wrong = () => Promise.reject(new AppError('WRONG_CREDENTIALS'))
const right = async () => 'signed in'
const guard = (ip: string, account: string, attempt: () => Promise<unknown>) =>
  attempts.guard(ip, account, attempt).catch((error) => toAppError(error).code)
const times = async (n: number, act: () => Promise<unknown>) => {
  const outcomes: unknown[] = []
  for (let at = 0; at < n; at++) outcomes.push(await act())
  return outcomes
}
const all = (n: number, outcome: string) => Array(n).fill(outcome)

describe('failed attempts', () => {
  it('are so many for a network, on whichever accounts, and then none is made', async () => {
    const ip = newAddress()
    expect(await times(limit, () => guard(ip, newAccount(), wrong))).toEqual(all(limit, 'WRONG_CREDENTIALS'))
    let made = 0
    const refused = await attempts.guard(ip, newAccount(), async () => made++).catch((error) => error)
    expect([refused.code, made]).toEqual(['TOO_MANY_ATTEMPTS', 0])
    expect(refused.retryAfterS).toBeGreaterThan(14 * 60)
    expect(refused.retryAfterS).toBeLessThanOrEqual(15 * 60)
    expect(await guard(newAddress(), newAccount(), right)).toBe('signed in')
  })

  it('are so many for an account, from whichever networks and however it is written', async () => {
    const account = newAccount()
    const writings = [account.toUpperCase(), ` ${account}`, account.replace('ada', 'ａda')]
    for (const writing of writings) expect(await guard(newAddress(), writing, wrong)).toBe('WRONG_CREDENTIALS')
    expect(await guard(newAddress(), account, right)).toBe('TOO_MANY_ATTEMPTS')
    await attempts.forgive(account.toUpperCase())
    expect(await guard(newAddress(), account, right)).toBe('signed in')
  })

  it('do not spend the network of whoever is refused for an account', async () => {
    const [ip, account] = [newAddress(), newAccount()]
    await times(limit, () => guard(newAddress(), account, wrong))
    expect(await times(2 * limit, () => guard(ip, account, wrong))).toEqual(all(2 * limit, 'TOO_MANY_ATTEMPTS'))
    expect(await guard(ip, newAccount(), right)).toBe('signed in')
  })

  it('are none that succeed, and none that failed for want of an answer of ours', async () => {
    const [ip, account] = [newAddress(), newAccount()]
    const away = () => Promise.reject(new AppError('DATABASE_UNAVAILABLE'))
    const broken = () => Promise.reject(new Error('a fault of ours'))
    expect(await times(4 * limit, () => guard(ip, account, right))).toEqual(all(4 * limit, 'signed in'))
    expect(await times(4 * limit, () => guard(ip, account, away))).toEqual(all(4 * limit, 'DATABASE_UNAVAILABLE'))
    expect(await times(4 * limit, () => guard(ip, account, broken))).toEqual(all(4 * limit, 'INTERNAL_ERROR'))
    expect(await times(limit, () => guard(ip, account, wrong))).toEqual(all(limit, 'WRONG_CREDENTIALS'))
    expect(await guard(ip, account, right)).toBe('TOO_MANY_ATTEMPTS')
  })

  it('stay within the limit however many are made at once', async () => {
    const [ip, account] = [newAddress(), newAccount()]
    let made = 0
    const slowly = async () => {
      made++
      await new Promise((resolve) => setTimeout(resolve, 20))
      return wrong()
    }
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => guard(ip, account, slowly)))
    expect(made).toBe(limit)
    expect(outcomes.sort()).toEqual([...all(50 - limit, 'TOO_MANY_ATTEMPTS'), ...all(limit, 'WRONG_CREDENTIALS')])
  })

  it('are not given back into the next window, where each would be worth one more', async () => {
    const windows = new SharedWindows(new MemoryWindows(4_000), app.inside.log)
    const short = new SignInAttempts(windows, { signIn: 1, anonymous: 1 })
    await short.guard('192.0.2.1', 'ada', right)
    await expect(short.guard('192.0.2.1', 'ada', right)).rejects.toMatchObject({ code: 'TOO_MANY_ATTEMPTS' })
  })

  it('of right passwords at once leave nothing behind', async () => {
    const [ip, account] = [newAddress(), newAccount()]
    await Promise.all(Array.from({ length: 50 }, () => guard(ip, account, right)))
    expect(await times(limit, () => guard(ip, account, wrong))).toEqual(all(limit, 'WRONG_CREDENTIALS'))
  })
})

describe('mails that anybody may ask for', () => {
  const ask = (ip: string, account: string) =>
    attempts.countMail(ip, account).then(
      () => 'sent',
      (error) => toAppError(error).code,
    )

  it('are so many for an account, and more for a network, each counted', async () => {
    const [ip, account] = [newAddress(), newAccount()]
    expect(await times(limit, () => ask(newAddress(), account))).toEqual(all(limit, 'sent'))
    expect(await ask(newAddress(), account)).toBe('TOO_MANY_ATTEMPTS')
    expect(await times(mailsOfNetwork, () => ask(ip, newAccount()))).toEqual(all(mailsOfNetwork, 'sent'))
    expect(await ask(ip, newAccount())).toBe('TOO_MANY_ATTEMPTS')
  })

  it('can still be asked for by whoever has failed too often', async () => {
    const [ip, account] = [newAddress(), newAccount()]
    await times(limit, () => guard(ip, account, wrong))
    expect(await ask(ip, account)).toBe('sent')
  })
})
