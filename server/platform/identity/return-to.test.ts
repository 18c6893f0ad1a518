import { describe, expect, it } from 'vitest'
import { buildTestApp, publicUrl, refusal } from '../../test/app.ts'

const app = await buildTestApp()

/** Where a sign-in that began with this raw query leads. */
async function ledTo(query: string): Promise<unknown> {
  const browser = app.browser()
  const start = await browser.get(`/auth/google?${query}`)
  const answer = await app.finishSignIn(browser, new URL(String(start.headers.location)))
  expect(answer.statusCode).toBe(302)
  return answer.headers.location
}

const encoded = (value: string) => `returnTo=${encodeURIComponent(value)}`

describe('returnTo', () => {
  it.each(['/drafts', '/drafts/1?tab=two&x=%2F%2Fy#part-3', '/a//b', '/caf%C3%A9', '/search?q=http://evil.example'])(
    'brings a person back to %s',
    async (path) => {
      expect(await ledTo(encoded(path))).toBe(path)
    },
  )

  it.each([
    '',
    '/api/docs',
    '/api',
    '/dev/mail',
    '/livez',
    '/me',
    '/trpc/account.me?batch=1',
    '/v1/collab/drafts',
    '/auth/google?returnTo=/',
    '/x/../api/docs',
    '/%61pi/docs',
    '/api%2Fdocs',
    '/drafts/%',
    'https://evil.example/',
    'HTTPS://evil.example',
    `${publicUrl}.evil.example/`,
    `${publicUrl}@evil.example/`,
    `${publicUrl}/drafts`,
    '//evil.example',
    '//evil.example/drafts',
    '///evil.example',
    '////evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '\\/evil.example',
    '/\\/evil.example',
    '/drafts\\..\\..\\evil.example',
    '/..//evil.example',
    '/./\\evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    '/%2e%2e//evil.example',
    '/%2E/%2e%2E//evil.example',
    '/%2Fevil.example',
    '/%2f%2fevil.example',
    '/%5Cevil.example',
    '/./%5cevil.example',
    '/%09/evil.example',
    '/%0d%0aSet-Cookie:x=y',
    '%2F%2Fevil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    ' //evil.example',
    '/ /evil.example',
    '/\r\nSet-Cookie: a=b',
    '/\0',
    '/\u0000/evil.example',
    '/\u00a0/evil.example',
    '/\u2028/evil.example',
    '/\uff0fevil.example',
    '/\u202e',
    '\ud800',
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'evil.example',
    '@evil.example',
    '.evil.example',
    ':80@evil.example',
    '?x=y',
    '#x',
    `/${'a'.repeat(10_000)}`,
  ])('that could be read as another place leads to the start: %j', async (hostile) => {
    expect(await ledTo(encoded(hostile.toWellFormed()))).toBe('/')
  })

  it.each([
    'returnTo=/one&returnTo=/two',
    'returnTo=%2F%2Fevil.example&returnTo=%2Fdrafts',
    'returnTo[]=/drafts',
    'returnTo[0]=//evil.example',
    'returnTo=%252F%252Fevil.example',
    'returnTo=%ED%A0%80',
    'returnTo=%',
    'returnTo',
    '',
  ])('in a form that is no single path leads to the start: %s', async (query) => {
    expect(await ledTo(query)).toBe('/')
  })

  it('is as safe on the page that shows a failure', async () => {
    for (const [wanted, kept] of [
      ['//evil.example', null],
      ['/drafts?a=b&error=none', '/drafts?a=b&error=none'],
    ] as const) {
      const browser = app.browser()
      const there = await app.beginSignIn(browser, wanted)
      const answer = await app.finishSignIn(browser, there, { nonce: 'wrong' })
      expect(refusal(answer)).toBe('SIGN_IN_FAILED')
      expect(new URL(String(answer.headers.location), publicUrl).searchParams.get('returnTo')).toBe(kept)
    }
  })
})
