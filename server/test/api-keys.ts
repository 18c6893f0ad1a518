/** API keys of users, inserted directly, for tests that begin with one; and readers of responses. */

import type { Scope } from '../../shared/api-keys.ts'
import { capabilities } from '../../shared/capabilities.ts'
import { insertApiKey } from '../platform/identity/api-keys.ts'
import type { TestApp } from './app.ts'
import type { TestBrowser } from './browser.ts'

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

export type Answer = Awaited<ReturnType<TestBrowser['query']>>
/** What a tRPC call returned. */
export const dataOf = (answer: Answer) => answer.json().result?.data
/** Of a failure, over tRPC or REST. */
export const codeOf = (answer: Answer) => {
  const { error } = answer.json()
  return error?.data?.code ?? error?.code
}
