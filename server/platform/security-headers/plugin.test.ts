import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'

const always = {
  'content-security-policy':
    "default-src 'self';script-src 'self';style-src 'self' 'unsafe-inline';img-src 'self' data: https:;connect-src 'self';object-src 'none';base-uri 'self';form-action 'self';frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'permissions-policy': expect.stringContaining('camera=(), microphone=(), geolocation=()'),
  'referrer-policy': 'strict-origin-when-cross-origin',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'SAMEORIGIN',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
}

it.each([
  ['http://localhost:8000', undefined],
  ['https://plinth.example', 'max-age=31536000; includeSubDomains'],
])('each answer of %s tells browsers to be careful, a failure too', async (publicUrl, transport) => {
  const app = await buildTestApp({ environment: { PUBLIC_URL: publicUrl } })
  for (const url of ['/health', '/me', '/trpc/account.methods', '/trpc/nothing', '/api/v1/nothing', '/api/docs']) {
    const { headers } = await app.browser().get(url)
    expect(headers, url).toMatchObject(always)
    expect([url, headers['strict-transport-security']]).toEqual([url, transport])
  }
})
