import { expect, it } from 'vitest'
import { DisplayName } from './display-name.ts'

it.each([
  'Ada',
  'Ada Lovelace-Byron',
  'Jürgen Groß',
  'Иван Петров',
  'Ιωάννης',
  'Иван (Ivan)',
  '田中 Hanako',
  'علی\u200Cرضا',
  'क्\u200Dष',
  'Ada 👩\u200D💻',
  'Love ❤\uFE0F',
  "O'Neil 3rd",
  '7',
  '★',
])('%s is a name', (name) => {
  expect(DisplayName.safeParse(name)).toMatchObject({ success: true, data: name })
})

it.each([
  ['a space of no width alone', '\u200B'],
  ['a filler of Hangul', '\u3164'],
  ['a filler of half the width', '\uFFA0'],
  ['the empty braille cell', '\u2800'],
  ['a space of no width in a name', 'Ad\u200Bmin'],
  ['a joiner in a Latin name', 'Ad\u200Dmin'],
  ['a joiner at its end', 'علی\u200C'],
  ['a soft hyphen', 'Ad\u00ADmin'],
  ['a word joiner', 'Admin\u2060'],
  ['tag characters', 'Ada\u{E0061}\u{E0064}'],
  ['a variation of a letter', 'A\uFE0Fda'],
  ['an embedding mark', 'Ada\u202E'],
  ['a byte order mark', 'Ada\uFEFFBy'],
  ['a grapheme joiner', 'A\u034Fda'],
  ['a Cyrillic letter in a Latin word', '\u0410dmin'],
  ['a Greek letter in a Latin word', 'Ad\u03BFlf'],
  ['nothing but blanks', '\u00A0\u2003'],
  ['a combining mark alone', '\u0301'],
])('%s is none', (_, name) => {
  expect(DisplayName.safeParse(name).success).toBe(false)
})

it('is judged in a moment, whatever it is', () => {
  for (const text of [
    '\u200D'.repeat(80),
    '👩\u200D'.repeat(40),
    'a'.repeat(80),
    '\u0430a'.repeat(40),
    '-'.repeat(100_000),
  ])
    DisplayName.safeParse(text)
})
