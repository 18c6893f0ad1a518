/** API keys of people, made without asking anybody, for tests that begin with one. */

import type { Scope } from '../../shared/api-keys.ts'
import { capabilities } from '../../shared/capabilities.ts'
import { insertApiKey } from '../platform/identity/api-keys.ts'
import type { TestApp } from './app.ts'

interface Wanted {
  scopes?: readonly Scope[]
  expiresInDays?: number | null
}

/** With every scope, until the day after tomorrow. */
export async function keyOf(
  app: TestApp,
  { id: userId }: { id: string },
  { scopes = capabilities, expiresInDays = 2 }: Wanted = {},
) {
  const { key, row } = await insertApiKey(app.database.db, { userId, name: 'A program', scopes, expiresInDays })
  return { key, id: row.id, bearer: { authorization: `Bearer ${key}` } }
}
