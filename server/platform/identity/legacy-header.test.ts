import { describe, expect, it } from 'vitest'
import { LegacyHeader } from './legacy-header.ts'

const secret = 'kept between the proxy and Plinth, 48 bytes or so'
const settings = { trustedCidrs: ['10.1.0.0/16', 'fd00::/8', '192.0.2.7'], secret, sunset: '2027-06-30' }
const inProduction = new LegacyHeader(settings, true)
const atHome = new LegacyHeader({ ...settings, trustedCidrs: [], secret: null }, false)

const request = (peer: string, ...rawHeaders: string[]) => ({ rawHeaders, socket: { remoteAddress: peer } }) as never
const vouched = { kind: 'vouched', legacyId: 'ada-7' }

describe('in production', () => {
  it.each(['10.1.200.3', '::ffff:10.1.200.3', 'fd00::1', '192.0.2.7'])('%s is trusted with the secret', (peer) => {
    expect(inProduction.read(request(peer, 'X-User-Id', 'ada-7', 'X-Legacy-Secret', secret))).toEqual(vouched)
  })

  it.each(['10.2.0.1', '192.0.2.8', 'fe80::1', '127.0.0.1', '::1', '', 'unix'])('%s is not', (peer) => {
    const forwarded = ['X-Forwarded-For', '10.1.200.3', 'Forwarded', 'for=10.1.200.3']
    const bad = request(peer, 'X-User-Id', 'ada-7', 'X-Legacy-Secret', secret, ...forwarded)
    expect(inProduction.read(bad)).toEqual({ kind: 'bad' })
  })

  it.each([
    [[]],
    [['X-Legacy-Secret', '']],
    [['X-Legacy-Secret', secret.slice(1)]],
    [['X-Legacy-Secret', `${secret} `]],
    [['X-Legacy-Secret', secret, 'x-legacy-secret', secret]],
    [['X-Legacy-Secret', `${secret}, ${secret}`]],
  ])('a trusted peer with %j is not taken at its word', (headers) => {
    expect(inProduction.read(request('10.1.0.1', 'X-User-Id', 'ada-7', ...headers))).toEqual({ kind: 'bad' })
  })
})

describe('while developing', () => {
  it('this machine needs no secret, and may not have a wrong one', () => {
    for (const peer of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
      expect(atHome.read(request(peer, 'x-user-id', 'ada-7'))).toEqual(vouched)
      expect(atHome.read(request(peer, 'x-user-id', 'ada-7', 'x-legacy-secret', 'guess'))).toEqual({ kind: 'bad' })
    }
    expect(atHome.read(request('10.1.0.1', 'x-user-id', 'ada-7'))).toEqual({ kind: 'bad' })
  })
})

describe('an id', () => {
  it.each(['7', 'Ada', 'auth0|5f7', 'a@example.org', '0190f2c4-0000-7000-8000-000000000000', 'x'.repeat(128)])(
    '%s is one',
    (legacyId) => {
      expect(atHome.read(request('::1', 'X-User-Id', legacyId))).toEqual({ kind: 'vouched', legacyId })
    },
  )

  it.each(['', ' ', 'a,b', 'a, b', 'a b', 'a\tb', 'a\u0000', 'a\u007f', 'ä', 'a\u2028', 'x'.repeat(129)])(
    '%j is none',
    (legacyId) => {
      expect(atHome.read(request('::1', 'X-User-Id', legacyId))).toEqual({ kind: 'bad' })
    },
  )

  it('that came twice is none, though it be the same', () => {
    expect(atHome.read(request('::1', 'X-User-Id', 'ada-7', 'x-user-id', 'ada-7'))).toEqual({ kind: 'bad' })
    expect(atHome.read(request('::1', 'Accept', 'X-User-Id'))).toEqual({ kind: 'none' })
  })
})
