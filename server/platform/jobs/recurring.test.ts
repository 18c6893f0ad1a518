import { afterEach, expect, it, vi } from 'vitest'
import { until } from '../../test/until.ts'
import { recurring } from './recurring.ts'

afterEach(() => void vi.restoreAllMocks())

it.each<[string, () => Promise<void>]>([
  ['rejects', async () => Promise.reject(new Error('away'))],
  [
    'throws before it is a promise',
    () => {
      throw new Error('away')
    },
  ],
])('work that %s is told of and done next time', async (_, fail) => {
  // Begins at once, and comes round in two milliseconds.
  vi.spyOn(Math, 'random').mockReturnValue(0)
  const warnings: unknown[] = []
  const log = { warn: (what: unknown) => void warnings.push(what) }
  let times = 0
  const work = () => (++times < 3 ? fail() : Promise.resolve())
  const stop = recurring({ name: 'tidy up', everyMs: 4, ready: Promise.resolve(), work }, log as never)
  await until('the third time', () => times >= 3)
  await stop()
  expect(warnings).toMatchObject(Array(2).fill({ err: { message: 'away' }, work: 'tidy up' }))
})
