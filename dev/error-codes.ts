/** The table of error codes in docs/api.md, written from the one table of failures so that the two cannot differ. */
import { errorTable } from '../shared/error-table.ts'

const begin = '<!-- Error codes: `npm run openapi` writes them from shared/error-table.ts. -->'
const end = '<!-- End of error codes. -->'

/** `markdown` with its table as it should be. @throws where the marks around it are gone */
export function withErrorCodes(markdown: string): string {
  const [from, to] = [markdown.indexOf(begin), markdown.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`The marks around the error codes are gone:\n${begin}\n${end}`)
  return `${markdown.slice(0, from + begin.length)}\n${table()}\n${markdown.slice(to)}`
}

function table(): string {
  const rows = Object.entries(errorTable)
    // Stable: within a status as they stand in the table.
    .toSorted(([, one], [, other]) => one.status - other.status)
    .map(([code, { status, message }]) => `| ${status} | \`${code}\` | ${message} |`)
  return ['| status | code | message |', '| --- | --- | --- |', ...rows].join('\n')
}
