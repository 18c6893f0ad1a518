import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where package.json is: the same folder whether this file runs from `server/` or from the bundle in `dist/`. */
export const packageFolder = findUpwards(import.meta.dirname)

function findUpwards(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from
  const parent = dirname(from)
  if (parent === from) throw new Error('package.json of Plinth not found: its folders migrations/ and dist/ are needed')
  return findUpwards(parent)
}
