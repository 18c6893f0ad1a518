/** The judge of hostile requests: what is well passes, and each way in which an answer can be wrong is seen. */
import { describe, expect, it } from 'vitest'
import { marks } from './dictionary.ts'
import { type Answer, type Asked, faultsOf, faultsOfClose, faultsOfMessage } from './judge.ts'
import { logFaults } from './target.ts'

const provider = 'http://127.0.0.1:9'
const nobody: Asked = { method: 'GET', calls: [], role: null, provider }
const answer = (status: number, body: unknown = '', headers: Answer['headers'] = {}): Answer => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const trpcError = (code: string) => ({ error: { code: -32600, message: 'x', data: { code, httpStatus: 400 } } })

describe('is well', () => {
  it.each<[string, Partial<Asked>, Answer]>([
    ['a page', {}, answer(200, '<html>')],
    ['a failure of a plain route', {}, answer(404, { error: { code: 'NOT_FOUND' }, requestId: 'x' })],
    ['a failure of tRPC', { calls: ['account.me'] }, answer(401, trpcError('UNAUTHENTICATED'))],
    ['a failure below /api', {}, answer(400, { success: false, error: { code: 'VALIDATION_ERROR' } })],
    [
      'a batch of both',
      { calls: ['account.me', 'account.methods'] },
      answer(207, [trpcError('UNAUTHENTICATED'), { result: {} }]),
    ],
    ['a call by who may', { calls: ['drafts.create'], role: 'user' }, answer(200, { result: { data: {} } })],
    ['a call that is anybody’s', { calls: ['account.methods'] }, answer(200, { result: { data: {} } })],
    ['a way to the provider', {}, answer(302, '', { location: `${provider}/authorize?x` })],
    ['a way to a page', {}, answer(302, '', { location: '/sign-in?error=X' })],
    ['no words to a HEAD', { method: 'HEAD' }, answer(404)],
    ['text that comes back to who sent it', {}, answer(200, { displayName: marks.text })],
  ])('%s', (_, asked, given) => {
    expect(faultsOf({ ...nobody, ...asked }, given)).toEqual([])
  })
})

describe('is wrong', () => {
  it.each<[string, RegExp, Partial<Asked>, Answer]>([
    ['a 500', /answered 500/, {}, answer(500, { error: { code: 'INTERNAL_ERROR' } })],
    ['a status of nobody’s', /answered 502/, {}, answer(502, { error: { code: 'NOT_FOUND' } })],
    [
      'a fault of ours in a batch',
      /says INTERNAL_ERROR/,
      {},
      answer(207, [{ result: {} }, trpcError('INTERNAL_ERROR')]),
    ],
    ['a code that is not in the table', /says OOPS/, {}, answer(400, { error: { code: 'OOPS' } })],
    ['a code with another status', /says NOT_FOUND with 400/, {}, answer(400, { error: { code: 'NOT_FOUND' } })],
    ['a failure without a code', /no code/, {}, answer(400, 'Bad Request')],
    ['a stack', /insides/, {}, answer(200, 'x\n    at f (a.ts:1:2)')],
    ['a statement', /insides/, {}, answer(200, 'Failed query: select 1')],
    ['a folder of ours', /insides/, {}, answer(200, 'in node_modules/zod')],
    ['a way to elsewhere', /leads to/, {}, answer(302, '', { location: '//evil.example' })],
    [
      'a way to what only begins like the provider',
      /leads to/,
      {},
      answer(302, '', { location: `${provider}.evil.example/` }),
    ],
    ['a header of the caller’s', /header/, {}, answer(200, '', { 'x-injected': '1' })],
    ['a secret in the body', /secret/, {}, answer(200, marks.secret)],
    ['a secret in the address', /secret/, {}, answer(302, '', { location: `/?code=${marks.secret}` })],
    [
      'somebody let in who is nobody',
      /let nobody call account.me/,
      { calls: ['account.me'] },
      answer(200, { result: {} }),
    ],
    [
      'a fault of ours told to a model',
      /INTERNAL_ERROR/,
      { isMcp: true },
      answer(200, { result: { isError: true, content: [{ text: '{"code":"INTERNAL_ERROR"}' }] } }),
    ],
    [
      'one of a batch let through',
      /let viewer call drafts.create/,
      { calls: ['account.me', 'drafts.create'], role: 'viewer' },
      answer(200, [{ result: {} }, { result: {} }]),
    ],
    [
      'an administrator’s call by another',
      /let user call people.list/,
      { calls: ['people.list'], role: 'user' },
      answer(200, { success: true }),
    ],
  ])('%s', (_, fault, asked, given) => {
    expect(faultsOf({ ...nobody, ...asked }, given).join()).toMatch(fault)
  })
})

describe('on a socket', () => {
  it.each([
    ['a fault of ours', /INTERNAL_ERROR/, { id: 1, error: { data: { code: 'INTERNAL_ERROR' } } }, undefined],
    ['a fault of ours in plain JSON', /INTERNAL_ERROR/, { type: 'error', code: 'INTERNAL_ERROR' }, undefined],
    ['data for who may not', /let viewer call people.list/, { id: 1, result: { type: 'data' } }, 'people.list'],
    ['a secret', /secret/, { id: 1, result: marks.secret }, undefined],
  ])('%s is wrong', (_, fault, message, call) => {
    expect(faultsOfMessage(JSON.stringify(message), call, 'viewer').join()).toMatch(fault)
  })

  it('what says whose fault it is is well', () => {
    expect(faultsOfMessage(JSON.stringify({ id: 1, ...trpcError('NOT_FOUND') }), 'people.list', 'viewer')).toEqual([])
    expect([1000, 1009, 4401].flatMap(faultsOfClose)).toEqual([])
    expect([1011, 1012, 4500].flatMap(faultsOfClose)).toHaveLength(3)
  })
})

it('a line of the log may not say error, be no JSON, or hold what was sent', () => {
  const line = (more: object) => JSON.stringify({ level: 30, msg: 'request', ...more })
  expect(logFaults(line({}))).toEqual([])
  for (const more of [{ level: 50 }, { msg: marks.secret }, { path: marks.text }, { to: 'ada@example.org' }]) {
    expect(logFaults(line(more))).toHaveLength(1)
  }
  expect(logFaults('a\nline')).toHaveLength(1)
})
