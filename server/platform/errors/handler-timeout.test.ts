import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'

const never = Promise.withResolvers<never>()
const app = await buildTestApp({
  server: { handlerTimeout: 300 },
  page: async (scope) => {
    scope.get('/slow', () => never.promise)
    scope.post('/slow', () => never.promise)
    scope.post('/fast', async () => ({ ok: true }))
  },
})
const url = await app.listen()
const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }

it.each([
  ['without a body', {}],
  ['with a body', json],
])('a handler that does not end in time is answered with 503 SERVER_BUSY, for a request %s', async (_, init) => {
  const response = await fetch(`${url}/slow`, init)
  expect([response.status, (await response.json()).error.code]).toEqual([503, 'SERVER_BUSY'])
  expect(response.headers.get('retry-after')).not.toBeNull()
})

it('a handler that ends in time is answered with its result', async () => {
  const response = await fetch(`${url}/fast`, json)
  expect([response.status, await response.json()]).toEqual([200, { ok: true }])
})
