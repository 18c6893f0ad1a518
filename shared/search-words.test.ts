import { describe, expect, it } from 'vitest'
import { excerptOf, fitsSearch, markWords } from './search-words.ts'

const found = (text: string, search: string) =>
  markWords(text, search).flatMap((part) => (part.isFound ? [part.text] : []))

describe('words that a search has found', () => {
  it('are marked in their own spelling, and the parts together are the text', () => {
    const text = 'Zürich: the «printed» PROGRAMMES, web_02'
    expect(found(text, 'zur PROG web-02 print')).toEqual(['Zürich', 'printed', 'PROGRAMMES', 'web', '02'])
    expect(
      markWords(text, 'zur prog')
        .map((part) => part.text)
        .join(''),
    ).toBe(text)
  })

  it('begin so, and do not only contain it', () => {
    expect(found('Replant the plants', 'plant')).toEqual(['plants'])
    expect(found('Anything', '—')).toEqual([])
  })
})

describe('a text', () => {
  it.for([
    ['zur reis', true],
    ['REISE zürich', true],
    ['zur', true],
    ['zur urich', false],
    ['zur 7', false],
    ['—', false],
  ] as const)('fits a search whose words all begin words of it: %s %s', ([search, fits]) => {
    expect(fitsSearch('Reise nach Zürich', search)).toBe(fits)
  })
})

describe('an excerpt', () => {
  const long = `${'before '.repeat(40)}the quince ${'after '.repeat(60)}`

  it('is one line around the first word that the title lacks', () => {
    const excerpt = excerptOf(long, 'A title', 'quin') ?? expect.unreachable()
    expect(excerpt).toMatch(/^…(before )+the quince (after )+/)
    expect(excerpt).toMatch(/…$/)
    expect(excerpt.length).toBeLessThan(170)
    expect(excerptOf('One\n\n two', 'A title', 'two')).toBe('One two')
  })

  it('is none where the title has all words, or the text has none of the others', () => {
    expect(excerptOf(long, 'Quinces', 'quin')).toBeNull()
    expect(excerptOf('Something', 'A title', 'quin')).toBeNull()
    expect(excerptOf(null, 'A title', 'quin')).toBeNull()
  })

  it('cuts no character in half', () => {
    const excerpt = excerptOf(`quince ${'🧵'.repeat(100)}`, '', 'quince') ?? expect.unreachable()
    expect(excerpt.isWellFormed()).toBe(true)
  })
})
