import { expect, it } from 'vitest'
import { sessionEndReasons } from '../../../shared/account.ts'
import { isReadableAfter } from './ended-words.ts'

it('what was loaded stays readable after an expired session and never after a sign-out, a revocation, a theft or a change of the account', () => {
  expect(sessionEndReasons.filter(isReadableAfter)).toEqual(['replaced', 'expired'])
})
