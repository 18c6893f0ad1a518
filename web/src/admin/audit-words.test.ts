import { expect, it } from 'vitest'
import { appRouter } from '../../../server/router.ts'
import { actionWords, recordWords, withArticle } from './audit-words.ts'

it('has words for every change that a procedure records', () => {
  const procedures = appRouter._def.procedures as unknown as Record<string, { _def: { meta?: { audit?: unknown } } }>
  const recorded = Object.entries(procedures).filter(([, { _def }]) => _def.meta?.audit)
  expect(recorded.length).toBeGreaterThan(20)
  expect(recorded.map(([path]) => path).filter((path) => !actionWords[path])).toEqual([])
})

it('tells a renewed sign-in from one that was stolen', () => {
  expect(recordWords({ action: 'auth.refresh', after: { refreshCounter: 4 } })).toBe('renewed their sign-in')
  expect(recordWords({ action: 'auth.refresh', after: { reason: 'stolen' } })).toContain('the session was ended')
})

it.for([
  ['task', 'a task'],
  ['apiKey', 'an API key'],
  ['identity', 'an identity'],
] as const)('names the kind of a target in words: %s', ([noun, words]) => expect(withArticle(noun)).toBe(words))
