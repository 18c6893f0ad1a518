/** Programs at the MCP door, by the official SDK's client, in both forms of the protocol. */
import { type CallToolResult, Client, SdkHttpError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { ErrorBody } from '../../shared/errors.ts'
import { atEnd } from './at-end.ts'

/** With a handshake (up to 2025-11-25) and without (from 2026-07-28). */
export const eras = ['legacy', 'modern'] as const
export type Era = (typeof eras)[number]

/** Closed after the test. */
export async function connectTools(url: string, headers: Record<string, string>, era: Era = 'modern'): Promise<Client> {
  const mode = era === 'modern' ? ({ pin: '2026-07-28' } as const) : era
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
  atEnd(() => client.close())
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } }))
  return client
}

export const toolName = (path: string) => path.replaceAll('.', '_')

export type Outcome = { data: unknown } | { error: ErrorBody & { retryAfterS?: number } }

/** A failure as its text has it, without the id of the request. */
export function outcomeOf({ isError, structuredContent, content }: CallToolResult): Outcome {
  const [text] = content
  if (text?.type !== 'text') throw new Error('a result has text')
  if (!isError) return { data: structuredContent }
  const { requestId: _, ...error } = JSON.parse(text.text)
  return { error }
}

export const statusOf = (thrown: unknown) => (thrown instanceof SdkHttpError ? thrown.status : null)
