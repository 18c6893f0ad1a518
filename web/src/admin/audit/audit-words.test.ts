import { expect, it } from 'vitest'
import { appRouter } from '../../../../server/router.ts'
import { products } from '../../products/products.ts'
import { actionWordsOf, recordWords, withArticle } from './audit-words.ts'

const actionWords = actionWordsOf(products)

it('has words for every change that a procedure records', () => {
  const procedures = appRouter._def.procedures as unknown as Record<string, { _def: { meta?: { audit?: unknown } } }>
  const recorded = Object.entries(procedures).filter(([, { _def }]) => _def.meta?.audit)
  expect(recorded.length).toBeGreaterThan(20)
  expect(recorded.map(([path]) => path).filter((path) => !actionWords[path])).toEqual([])
})

it('tells a renewed sign-in from one that was stolen', () => {
  expect(recordWords({ action: 'auth.refresh', after: { refreshCounter: 4 } }, actionWords)).toBe(
    'renewed their sign-in',
  )
  expect(recordWords({ action: 'auth.refresh', after: { reason: 'stolen' } }, actionWords)).toContain(
    'the session was ended',
  )
})

it.for([
  ['task', 'a task'],
  ['apiKey', 'an API key'],
  ['identity', 'an identity'],
] as const)('names the kind of a target in words: %s', ([noun, words]) => expect(withArticle(noun)).toBe(words))
