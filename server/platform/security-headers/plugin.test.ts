import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import helmet from 'helmet'
import { expect, it, onTestFinished } from 'vitest'
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

it('sets each header that helmet sets for the same policy, with the same value', async () => {
  const self = ["'self'"]
  const protect = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: self,
        scriptSrc: self,
        styleSrc: [...self, "'unsafe-inline'"],
        imgSrc: [...self, 'data:', 'https:'],
        connectSrc: self,
        objectSrc: ["'none'"],
        baseUri: self,
        formAction: self,
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'strict-origin-when-cross-origin' },
  })
  const server = createServer((request, response) => protect(request, response, () => response.end()))
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  const ofNode = ['connection', 'content-length', 'date', 'keep-alive']
  const ofHelmet = [...answer.headers].filter(([name]) => !ofNode.includes(name))
  expect(ofHelmet.length).toBeGreaterThan(10)

  const app = await buildTestApp({ environment: { PUBLIC_URL: 'https://plinth.example' } })
  expect((await app.browser().get('/health')).headers).toMatchObject(Object.fromEntries(ofHelmet))
})
