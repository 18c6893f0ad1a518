import { TRPCClientError } from '@trpc/client'
import { expect, it } from 'vitest'
import { toPlinthError } from './errors.ts'

const answered = (data: Record<string, unknown>) =>
  TRPCClientError.from({ error: { message: 'Too often', code: -32600, data } } as never)

it('keeps how long the server asks to wait, and invents nothing where it does not', () => {
  const told = toPlinthError(answered({ code: 'TOO_MANY_ATTEMPTS', retryAfterS: 540, requestId: 'r-1' }))
  expect(told).toMatchObject({ code: 'TOO_MANY_ATTEMPTS', retryAfterS: 540, requestId: 'r-1', details: [] })
  expect(toPlinthError(answered({ code: 'CONFLICT' })).retryAfterS).toBeNull()
})
