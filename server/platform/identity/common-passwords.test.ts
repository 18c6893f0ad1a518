import { expect, it } from 'vitest'
import { passwordRules } from '../../../shared/auth.ts'
import { weaknessOf } from './common-passwords.ts'

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
])('%s is refused, though it keeps the rules', async (password) => {
  expect(await weaknessOf(password, ada)).toMatch(/first that would be guessed/)
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
])('%s is taken', async (password) => {
  expect(passwordRules.filter(({ holds }) => !holds(password)).map(({ rule }) => rule)).toEqual([])
  expect(await weaknessOf(password, ada)).toBeNull()
})

it('nobody’s name is no reason, nor are two letters', async () => {
  expect(await weaknessOf('Horse-battery-7', { username: null, email: null })).toBeNull()
  expect(await weaknessOf('Horse-battery-7', { username: null, email: 'se@example.org' })).toBeNull()
})
