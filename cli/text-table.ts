/** Rows in columns, for people. What they hold came from others: nothing of it may steer the terminal. */

const unprintable = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu

/** On one line, as a terminal shows it. */
export const printable = (text: string): string => text.replace(unprintable, '?')

export function textTable(titles: readonly string[], rows: readonly (readonly (string | null)[])[]): string {
  const lines = [titles, ...rows.map((row) => row.map((cell) => printable(cell ?? '-')))]
  const widths = titles.map((_, at) => Math.max(...lines.map((line) => [...(line[at] ?? '')].length)))
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - [...cell].length))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
