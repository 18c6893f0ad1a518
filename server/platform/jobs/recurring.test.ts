import type { FastifyInstance } from 'fastify'
import { afterEach, expect, it, vi } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { until } from '../../test/until.ts'
import { users } from '../identity/table.ts'
import { jobsPlugin } from './plugin.ts'
import { type Job, recurring } from './recurring.ts'

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
  const stop = recurring({ name: 'tidy up', everyMs: 4, ready: () => Promise.resolve(), work }, log as never)
  await until('the third time', () => times >= 3)
  await stop()
  expect(warnings).toMatchObject(Array(2).fill({ err: { message: 'away' }, work: 'tidy up' }))
})

it('work of a feature is done on the database of the app, and told of where there was some', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
  let stopped = false
  const job = (name: string, done: number): Job => ({
    name,
    everyMs: 4,
    async work(db, signal) {
      signal.addEventListener('abort', () => {
        stopped = true
      })
      await db.$count(users)
      return done
    },
  })
  const page = async (scope: FastifyInstance) => {
    await scope.register(jobsPlugin, { jobs: [job('tidy up', 3), job('find nothing', 0)] })
  }
  const app = await buildTestApp({ page })
  const told = () => app.logs.filter(({ msg }) => msg === 'recurring work done')
  await until('the third time', () => told().length >= 3)
  expect(new Set(told().map(({ work, done }) => `${work} ${done}`))).toEqual(new Set(['tidy up 3']))
  await app.root.close()
  expect(stopped).toBe(true)
})
