import { expect, it } from 'vitest'
import { durationWords } from './duration-words.ts'

it.for<[number, string]>([
  [0, 'less than a second'],
  [0.6, '1 second'],
  [59.4, '59 seconds'],
  [59.6, '1 minute'],
  [61, '1 minute 1 second'],
  [3_600, '1 hour'],
  [7_500, '2 hours 5 minutes'],
  [86_399, '23 hours 59 minutes'],
  [90_000, '1 day 1 hour'],
  [40 * 86_400, '40 days'],
])('says %d seconds as %s', ([seconds, words]) => {
  expect(durationWords(seconds)).toBe(words)
})
