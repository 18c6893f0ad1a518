import { expect, it } from 'vitest'
import { blocksOf } from './message-parts.ts'

const words = (text: string) => ({ type: 'words', text })
const link = (text: string, href = text) => ({ type: 'link', text, href, host: new URL(href).host })
const partsOf = (text: string) =>
  blocksOf(text).flatMap<unknown>((block) => (block.type === 'words' ? block.parts : [block]))

it('keeps words as they were written, markup and all', () => {
  const written = '  # Not a title\n\n<b onclick="x()">bold</b> & *stars*\n\tindented  \n'
  expect(partsOf(written)).toEqual([words(written)])
})

it.for([
  ['see https://example.org/a?b=1#c.', [words('see '), link('https://example.org/a?b=1#c'), words('.')]],
  [
    '(https://example.org/wiki/Plinth_(base))',
    [words('('), link('https://example.org/wiki/Plinth_(base)'), words(')')],
  ],
  ['HTTP://example.org', [link('HTTP://example.org', 'http://example.org/')]],
  ['"https://example.org/x"!', [words('"'), link('https://example.org/x'), words('"!')]],
  // Nothing that could run, and nothing that leads nowhere.
  ['javascript:alert(1) data:text/html,x', [words('javascript:alert(1) data:text/html,x')]],
  ['https:// and http://', [words('https:// and http://')]],
  // What would pose as another address.
  ['https://bank.example@evil.example/x', [words('https://bank.example@evil.example/x')]],
  ['https://bank.example:443@evil.example', [words('https://bank.example:443@evil.example')]],
  ['https://evil.example/\u202Eexample.bank', [link('https://evil.example/'), words('\u202Eexample.bank')]],
  [
    'https://bank.example\u200B.evil.example',
    [link('https://bank.example', 'https://bank.example/'), words('\u200B.evil.example')],
  ],
  ['https://b\u0430nk.example/in', [link('https://xn--bnk-6cd.example/in')]],
  ['https://bank.example\u3002evil.example', [link('https://bank.example.evil.example/')]],

  [
    'javascript:location="https://example.org"',
    [words('javascript:location="'), link('https://example.org', 'https://example.org/'), words('"')],
  ],
] as const)('finds the addresses in %s', ([text, parts]) => expect(partsOf(text)).toEqual(parts))

it('takes fenced blocks as code, with nothing read into them, and the last one also before it has an end', () => {
  const code = 'const page = "https://example.org"\n  <i>kept</i>'
  expect(blocksOf(`Like this:\n\n\`\`\`ts\n${code}\n\`\`\`\n\nor`)).toEqual([
    { type: 'words', parts: [words('Like this:')] },
    { type: 'code', language: 'ts', text: code },
    { type: 'words', parts: [words('or')] },
  ])
  expect(blocksOf('```\none\n```python\ntwo')).toEqual([{ type: 'code', language: '', text: 'one\n```python\ntwo' }])
  expect(partsOf('a ``` b\n`c`')).toEqual([words('a ``` b\n`c`')])
})

it('stays quick with what is made to be slow', () => {
  const began = performance.now()
  for (const nasty of [
    `https://x${')'.repeat(19_000)}`,
    'https://'.repeat(2500),
    '```\n'.repeat(5000),
    '\n'.repeat(20_000),
  ])
    blocksOf(nasty)
  expect(performance.now() - began).toBeLessThan(1000)
})
