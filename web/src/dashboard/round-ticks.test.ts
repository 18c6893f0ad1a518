import { expect, it } from 'vitest'
import { roundTicks } from './round-ticks.ts'

it.for([
  [0, [0, 1]],
  [1, [0, 1]],
  [4, [0, 1, 2, 3, 4]],
  [7, [0, 2, 4, 6, 8]],
  [45, [0, 10, 20, 30, 40, 50]],
  [180, [0, 50, 100, 150, 200]],
  [180_000, [0, 50_000, 100_000, 150_000, 200_000]],
] as const)('divides an axis up to %i by round numbers', ([most, ticks]) => {
  expect(roundTicks(most)).toEqual({ domain: [0, ticks.at(-1)], ticks })
})
