import { expect, it } from 'vitest'
import { passwordRules } from '../../../shared/auth.ts'
import { weaknessOf } from './password-strength.ts'

const ada = { username: 'Ada_L', email: 'countess@example.org' }

it.each([
  'Password1!',
  'P@ssw0rd',
  'p4$$w0rD!',
  '!!Passw0rd!!',
  'Qwertyuiop1!',
  '1-Qwerty-1',
  'Dragon-2024',
  'Summer2026!',
  'Iloveyou-3000',
  'L3tme1n!',
  'Aa1!aaaa',
  'Plinth2026!',
])('%s is refused although it satisfies the rules of composition', async (password) => {
  expect(await weaknessOf(password, ada)).toMatch(/easy to guess/)
})

it.each([
  ['Plinth2026!', 'Contains the name of this app'],
  ['Password1!', 'Is a common password with other characters'],
  ['asdfghjkl-7Q', 'Contains a common word or password'],
  ['aaaaaaaaaaaaaaaa', 'Repeats the same characters'],
  ['20260101-Ab', 'Contains a date'],
  ['abcdefgh1-A', 'Contains a sequence such as abc or 123'],
])('the refusal of %s names the reason', async (password, reason) => {
  expect(await weaknessOf(password, ada)).toBe(
    `${reason}, so it is easy to guess. Add words that do not belong together`,
  )
})

it.each(['My-ada_l-horse7', 'ADA_L-and-7-others', 'the-COUNTESS-of-9', 'x9#countessX'])(
  '%s is refused: it holds a name of its owner',
  async (password) => {
    expect(await weaknessOf(password, ada)).toMatch(/username or the name/)
  },
)

it.each([
  'Horse-battery-7',
  'gr0wing-Tomatoes',
  'Zx9#kLm2vQ',
  'Ünïcode-Straße-9',
  '正しい馬のBattery-7',
  'Aa1-👩🏽‍🚀-staple',
  'correct horse battery staple',
])('%s is accepted', async (password) => {
  expect(passwordRules.filter(({ holds }) => !holds(password)).map(({ rule }) => rule)).toEqual([])
  expect(await weaknessOf(password, ada)).toBeNull()
})

it('a user without names, and a name of two letters, are no reason to refuse a password', async () => {
  expect(await weaknessOf('Horse-battery-7', { username: null, email: null })).toBeNull()
  expect(await weaknessOf('Horse-battery-7', { username: null, email: 'se@example.org' })).toBeNull()
})

it.each([
  ['a repeated word', 'passwordpassword'],
  ['neighbouring keys', 'qwertyuiopqwertyuiop'],
  ['one character', 'aaaaaaaaaaaaaaaa'],
  ['a beginning of that kind, however it goes on', `${'a'.repeat(20)}-Horse-battery-7`],
])('length alone does not make up for %s', async (_, password) => {
  expect(passwordRules.every(({ holds }) => holds(password))).toBe(true)
  expect(await weaknessOf(password, ada)).toMatch(/easy to guess/)
})

it('below 15 characters each kind of character is needed, from 15 on none', () => {
  const missing = (text: string) => passwordRules.filter(({ holds }) => !holds(text)).length
  expect([missing('correct horse'), missing('correct-horse7'), missing('correct horse b')]).toEqual([2, 1, 0])
})

it('the longest password takes no longer to estimate than its beginning, so that no caller can block the event loop', async () => {
  // Signs that stand for letters are what the estimate takes longest for.
  const beginning = 'i|77l77i!+i71|1lil1i'
  const cpuMs = async (password: string) => {
    const before = process.cpuUsage()
    await weaknessOf(password, ada)
    return process.cpuUsage(before).user / 1000
  }
  await cpuMs(beginning)
  const [short, long] = [await cpuMs(beginning), await cpuMs(beginning.repeat(7).slice(0, 128))]
  expect(long).toBeLessThan(3 * short + 20)
})
