import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

it('creating and using an embedded database takes less than 750 MiB, which optimized code would exceed', {
  timeout: 60_000,
}, async () => {
  const child = join(import.meta.dirname, '../../test/embedded-memory-child.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [child])
  expect(Number(stdout)).toBeGreaterThan(0)
  expect(Number(stdout)).toBeLessThan(750)
})
