import { expect, it } from 'vitest'
import { titleFrom } from './title-from.ts'

it.for([
  ['Which rooms?', 'Which rooms?'],
  ['\n  Two lines \nof them', 'Two lines'],
  ['a\ttab and a\u2028separator', 'a tab and a separator'],
  [`${'word '.repeat(11)}longer-than-fits`, `${'word '.repeat(11).trim()}…`],
  ['w'.repeat(70), `${'w'.repeat(59)}…`],
  ['😀'.repeat(61), `${'😀'.repeat(59)}…`],
  // Would read as another name.
  ['abc\u202Ecba', null],
] as const)('a conversation that begins with %j is called %j', ([content, title]) =>
  expect(titleFrom(content)).toBe(title),
)
