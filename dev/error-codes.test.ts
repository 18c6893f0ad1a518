import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { packageFolder } from '../server/platform/config/package-folder.ts'
import { errorTable } from '../shared/error-table.ts'
import { withErrorCodes } from './error-codes.ts'

const markdown = readFileSync(join(packageFolder, 'docs/api.md'), 'utf8')

it('docs/api.md has the codes of the table: `npm run openapi` writes them anew', () => {
  expect(withErrorCodes(markdown)).toBe(markdown)
})

it('each code is told once, with its status', () => {
  const told = [...markdown.matchAll(/^\| (\d{3}) \| `([A-Z_]+)` \|/gm)].map(([, status, code]) => [
    code,
    Number(status),
  ])
  expect(told.toSorted()).toEqual(
    Object.entries(errorTable)
      .map(([code, { status }]) => [code, status])
      .toSorted(),
  )
})

it('a stale table is written anew, and a text without a place for it is refused', () => {
  const [code] = Object.keys(errorTable)
  const stale = markdown.replace(new RegExp(`^\\| \\d{3} \\| \`${code}\`.*\n`, 'm'), '')
  expect(stale).not.toBe(markdown)
  expect(withErrorCodes(stale)).toBe(markdown)
  expect(() => withErrorCodes('# API')).toThrow(/marks/)
})
