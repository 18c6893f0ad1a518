/**
 * The file of an export: a line that says what it is of, one for each row (its table, and its values as text), and one that says how
 * many there were, without which it was cut off.
 */
import { z } from 'zod'
import { TableShape } from './table-shape.ts'

export const exportFormat = { format: 'plinth-export', version: 1 } as const

export const ExportHead = z.object({
  format: z.literal(exportFormat.format),
  version: z.literal(exportFormat.version),
  /** Hash of the newest migration. */
  migration: z.string(),
  /** In the order in which their rows follow. */
  tables: z.array(TableShape),
})
export type ExportHead = z.infer<typeof ExportHead>

export const ExportRow = z.tuple([z.string(), z.array(z.string().nullable())])
export const ExportEnd = z.object({ end: z.record(z.string(), z.int()) })

/** Lines of JSON. Not by `readline`, which ends a line at U+2028 too, and people write that. */
export async function* jsonLines(chunks: AsyncIterable<string>): AsyncGenerator<unknown> {
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield parsed(line)
  }
  if (rest !== '') yield parsed(rest)
}

/** Undefined for what is no JSON, which then fits nothing. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
