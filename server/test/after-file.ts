/** Runs with each test file: the next one in the same process, which shares its modules, begins as if it were the first. */
import { afterAll, vi } from 'vitest'
import { endServerProcesses } from './server-process.ts'

afterAll(async () => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  await endServerProcesses()
})
