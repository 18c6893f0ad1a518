/** Counts the statements that an app runs from now on, by their text, on either database. `vi.restoreAllMocks` ends it. */
import { type MockInstance, vi } from 'vitest'
import { PostgresConnection } from '../platform/db/postgres-connection.ts'
import type { TestApp } from './app.ts'

interface Client {
  query(statement: unknown): unknown
}

export function countStatements({ database: { kind, db } }: TestApp, text: RegExp): () => number {
  const client = kind === 'postgres' ? PostgresConnection.prototype : (db as unknown as { $client: Client }).$client
  const query = vi.spyOn(client as Client, 'query') as MockInstance<Client['query']>
  return () => query.mock.calls.filter(([statement]) => text.test(textOf(statement))).length
}

const textOf = (statement: unknown) =>
  typeof statement === 'string' ? statement : String((statement as { text?: string } | undefined)?.text)
