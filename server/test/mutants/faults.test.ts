/** The list of faults fits the code, so that `npm run test:mutants` can put each of them in. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { packageFolder } from '../../platform/config/package-folder.ts'
import { faults } from './faults.ts'

it.each(faults)('“$name” replaces a text that occurs once, and names a test file', ({ file, from, foundBy }) => {
  expect(readFileSync(join(packageFolder, file), 'utf8').split(from)).toHaveLength(2)
  expect(existsSync(join(packageFolder, foundBy.file))).toBe(true)
})

it('faults have different names', () => {
  expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length)
})
