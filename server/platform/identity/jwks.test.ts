import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TestIssuer } from '../../test/token-issuer.ts'
import { AppError } from '../errors/app-error.ts'
import { RemoteJwks } from './jwks.ts'

let issuer: TestIssuer
let nowMs = 0
beforeEach(async () => {
  issuer = await TestIssuer.start()
  nowMs = 1_000_000
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await issuer.close()
})
const minutes = 60_000
const codeOf = (key: Promise<unknown>) =>
  key.then(
    () => 'ok',
    (error) => (error instanceof AppError ? error.code : String(error)),
  )

describe('the keys of an issuer', () => {
  it('are asked for once, however many wait', async () => {
    const jwks = new RemoteJwks(issuer.url)
    const keys = await Promise.all(Array.from({ length: 20 }, () => jwks.key('first', 'RS256')))
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).not.toBeNull()
    expect(issuer.asked).toBe(1)
  })

  it('are asked for again after ten minutes, and nobody waits for it', async () => {
    const jwks = new RemoteJwks(issuer.url)
    await jwks.key('first', 'RS256')
    nowMs += 11 * minutes
    const answered = Promise.withResolvers<void>()
    issuer.answer = (_request, response) =>
      void answered.promise.then(() => response.end(JSON.stringify({ keys: issuer.jwks })))
    expect(await jwks.key('first', 'RS256')).not.toBeNull()
    answered.resolve()
  })

  it('of a new id are asked for at once, and then not again for half a minute', async () => {
    const jwks = new RemoteJwks(issuer.url)
    await jwks.key('first', 'RS256')
    nowMs += minutes
    await issuer.publish('second')
    expect(await jwks.key('second', 'RS256')).not.toBeNull()
    expect(issuer.asked).toBe(2)
    for (let i = 0; i < 100; i++) expect(await jwks.key(`made-up-${i}`, 'RS256')).toBeNull()
    expect(issuer.asked).toBe(2)
    nowMs += minutes / 2
    expect(await jwks.key('made-up', 'RS256')).toBeNull()
    expect(issuer.asked).toBe(3)
  })

  it('that were withdrawn are not believed once that is known', async () => {
    const jwks = new RemoteJwks(issuer.url)
    await issuer.publish('second')
    await jwks.key('first', 'RS256')
    issuer.jwks.shift()
    nowMs += minutes
    await jwks.key('unknown', 'RS256')
    expect(await jwks.key('first', 'RS256')).toBeNull()
  })

  it.each<[string, (issuer: TestIssuer) => void]>([
    ['fails', (it) => (it.answer = (_request, response) => response.writeHead(500).end())],
    ['answers HTML', (it) => (it.answer = (_request, response) => response.end('<html>'))],
    ['answers nothing', (it) => (it.answer = (_request, response) => response.end('{"keys":[]}'))],
    ['answers 10 MB', (it) => (it.answer = (_request, response) => response.end('x'.repeat(10_000_000)))],
    ['redirects', (it) => (it.answer = (_request, response) => response.writeHead(302, { location: '/x' }).end())],
    ['hangs up', (it) => (it.answer = (request) => request.socket.destroy())],
  ])('are kept for a day while its host %s, and then nobody is told no', async (_what, bend) => {
    const jwks = new RemoteJwks(issuer.url)
    await jwks.key('first', 'RS256')
    bend(issuer)
    for (const hours of [1, 12, 10.9]) {
      nowMs += hours * 60 * minutes
      expect(await jwks.key('first', 'RS256')).not.toBeNull()
      // The question behind it ends before the next hour.
      await jwks.key('unknown', 'RS256')
    }
    nowMs += 2 * 60 * minutes
    expect(await codeOf(jwks.key('first', 'RS256'))).toBe('PROVIDER_UNAVAILABLE')
    const { asked } = issuer
    expect(await codeOf(jwks.key('first', 'RS256'))).toBe('PROVIDER_UNAVAILABLE')
    expect(issuer.asked).toBe(asked)
    issuer.answer = null
    nowMs += minutes
    expect(await jwks.key('first', 'RS256')).not.toBeNull()
  })

  it('are not waited for longer than 5 s where the host is slow, nor by more than the first', async () => {
    const { timeout } = AbortSignal
    const deadlines: number[] = []
    // Its five seconds are a moment here.
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      deadlines.push(ms)
      return timeout.call(AbortSignal, ms / 100)
    })
    issuer.answer = (_request, response) => void response.writeHead(200).write('{"keys":')
    const jwks = new RemoteJwks(issuer.url)
    const codes = await Promise.all(Array.from({ length: 5 }, () => codeOf(jwks.key('first', 'RS256'))))
    expect([new Set(codes), deadlines, issuer.asked]).toEqual([new Set(['PROVIDER_UNAVAILABLE']), [5000], 1])
  })

  it('of a kind that could be misused are passed over', async () => {
    const good = issuer.jwks[0]
    issuer.jwks.unshift(
      { kty: 'oct', k: 'AAAA', kid: 'secret', alg: 'HS256' },
      { ...good, kid: 'for-encryption', use: 'enc' },
      { ...good, kid: 'other-algorithm', alg: 'PS256' },
      { kty: 'RSA', kid: 'broken', n: '!', e: 'AQAB' },
      { kty: 'EC', kid: 'curve', crv: 'P-521', x: 'AA', y: 'AA' },
    )
    const jwks = new RemoteJwks(issuer.url)
    expect(await jwks.key('first', 'RS256')).not.toBeNull()
    for (const [kid, alg] of [
      ['secret', 'HS256'],
      ['for-encryption', 'RS256'],
      ['other-algorithm', 'PS256'],
      ['other-algorithm', 'RS256'],
      ['broken', 'RS256'],
      ['curve', 'ES256'],
      ['first', 'HS256'],
      ['first', 'PS256'],
    ] as const)
      expect(await jwks.key(kid, alg), kid).toBeNull()
  })
})
