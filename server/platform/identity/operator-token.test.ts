/** Who may act as the operator over a wire: whoever has the token, here, alone. */
import type { InjectOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { signedIn } from '../../test/followers.ts'
import { codeOf } from '../../test/programs.ts'
import { TestSocket } from '../../test/socket.ts'

const app = await buildTestApp({ environment: { AUTH_LEGACY_HEADER: 'on', TRUST_PROXY: '127.0.0.1' } })
const token = app.inside.operatorToken.issue()
const ask = (options: InjectOptions = {}) =>
  app.root.inject({
    url: '/trpc/people.list',
    ...options,
    headers: { authorization: `Bearer ${token}`, ...options.headers },
  })

describe('the operator’s token', () => {
  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])('is good from %s', async (remoteAddress) => {
    expect((await ask({ remoteAddress })).statusCode).toBe(200)
  })

  it.each(['10.0.0.1', '192.0.2.1', '::ffff:10.0.0.1', '2001:db8::1', '128.0.0.1', '0.0.0.0'])(
    'is worth nothing from %s',
    async (remoteAddress) => {
      const answer = await ask({ remoteAddress })
      expect([answer.statusCode, codeOf(answer)]).toEqual([401, 'INVALID_CREDENTIAL'])
    },
  )

  it.each([
    { 'x-forwarded-for': '127.0.0.1' },
    { 'X-Forwarded-Host': 'localhost' },
    { forwarded: 'for=127.0.0.1' },
    { via: '1.1 proxy' },
    { 'x-real-ip': '127.0.0.1' },
  ])('is worth nothing through a proxy, trusted as it is: %j', async (headers) => {
    expect((await ask({ headers })).statusCode).toBe(401)
    expect(JSON.stringify(app.logs)).not.toContain(token)
  })

  it.each([
    ['with a letter less', token.slice(0, -1)],
    ['with a letter more', `${token}x`],
    ['with another letter', token.slice(0, -1) + (token.endsWith('x') ? 'y' : 'x')],
    ['as its prefix', 'plinth_operator_'],
    ['in capitals', token.toUpperCase()],
  ])('%s is none', async (_how, other) => {
    expect((await ask({ headers: { authorization: `Bearer ${other}` } })).statusCode).toBe(401)
  })

  it('decides alone: beside a cookie or a legacy id of somebody it is refused', async () => {
    const { browser } = await signedIn(app)
    const cookie = browser.cookieHeader
    expect((await ask({ headers: { cookie } })).statusCode).toBe(401)
    expect((await ask({ headers: { 'x-user-id': '01a1f8b5-1c8b-7611-ad4b-aa7da4b91540' } })).statusCode).toBe(401)
  })

  it('opens no account: there is nobody behind it', async () => {
    const answer = await ask({ url: '/me' })
    expect([answer.statusCode, codeOf(answer)]).toEqual([401, 'SESSION_ENDED'])
  })

  it('keeps a socket open, for it has no session that could be found ended', async () => {
    const url = await app.listen()
    const socket = await TestSocket.open(url, { authorization: `Bearer ${token}`, origin: app.publicUrl })
    expect(app.sessions.watch.size).toBe(0)
    const answer = await socket.answerTo(socket.send('query', 'people.list', {}))
    expect(answer.result).toBeDefined()
    socket.ws.close()
  })

  it('is over when another is issued, or it is revoked', async () => {
    const operatorToken = app.inside.operatorToken
    const next = operatorToken.issue()
    const by = (one: string) =>
      ask({ headers: { authorization: `Bearer ${one}` } }).then(({ statusCode }) => statusCode)
    expect([await by(token), await by(next)]).toEqual([401, 200])
    operatorToken.revoke()
    expect(await by(next)).toBe(401)
  })
})
