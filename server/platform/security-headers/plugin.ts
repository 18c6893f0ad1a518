/**
 * The security headers of every response: the headers of helmet as constants, because they never change while a server runs and helmet, as
 * a plugin too, builds its policy for each request. The test compares them with those that helmet sends for the same options.
 */
import fp from 'fastify-plugin'
import type { Config } from '../config/config.ts'

const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self'",
  // The component library sets sizes and colours as inline styles.
  "style-src 'self' 'unsafe-inline'",
  // Avatars are on the provider's hosts.
  "img-src 'self' data: https:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join(';')

/** The app needs none of the browser features that require permission; helmet has no header for them. */
const permissionsPolicy = [
  'camera',
  'microphone',
  'geolocation',
  'payment',
  'usb',
  'serial',
  'hid',
  'display-capture',
  'browsing-topics',
]
  .map((feature) => `${feature}=()`)
  .join(', ')

const headersOf = ({ server }: Config): Record<string, string> => ({
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'permissions-policy': permissionsPolicy,
  'referrer-policy': 'strict-origin-when-cross-origin',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'SAMEORIGIN',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
  ...(server.https && { 'strict-transport-security': 'max-age=31536000; includeSubDomains' }),
})

export const securityHeadersPlugin = fp(
  async (app) => {
    const headers = headersOf(app.config)
    app.addHook('onRequest', (_request, reply, done) => {
      reply.headers(headers)
      done()
    })
  },
  { name: 'plinth-security-headers', dependencies: ['plinth-config'], fastify: '5.x' },
)
