/** Words as search compares them: without accents, letter case and punctuation. As the function search_words of the database has them. */
const marks = /[\u0300-\u036f]/g
const word = /[\p{L}\p{N}\p{M}]+/gu

const folded = (text: string) => text.normalize('NFKD').replace(marks, '').toLowerCase()

export const searchWordsOf = (text: string): string[] => Array.from(folded(text).matchAll(word), ([one]) => one)

export interface Part {
  text: string
  /** A word that one of the search begins. */
  isFound: boolean
}

/** `text` in parts that together are `text` again. */
export function markWords(text: string, search: string): Part[] {
  const begins = searchWordsOf(search)
  const parts: Part[] = []
  let end = 0
  for (const { 0: found, index } of text.matchAll(word)) {
    if (!hasWord(found, begins)) continue
    if (index > end) parts.push({ text: text.slice(end, index), isFound: false })
    end = index + found.length
    parts.push({ text: found, isFound: true })
  }
  if (end < text.length) parts.push({ text: text.slice(end), isFound: false })
  return parts
}

/** Whether each word of `search` begins a word of `text`. A search without words fits nothing. */
export function fitsSearch(text: string, search: string): boolean {
  const words = searchWordsOf(text)
  const begins = searchWordsOf(search)
  return begins.length > 0 && begins.every((begin) => words.some((one) => one.startsWith(begin)))
}

const hasWord = (text: string, begins: readonly string[]) =>
  searchWordsOf(text).some((one) => begins.some((begin) => one.startsWith(begin)))

const before = 40
const longest = 160

/** One line of `text` around the first word of the search that `title` lacks; null where it lacks none, or where `text` has none of them. */
export function excerptOf(text: string | null, title: string, search: string): string | null {
  const inTitle = searchWordsOf(title)
  const missing = searchWordsOf(search).filter((begin) => !inTitle.some((one) => one.startsWith(begin)))
  if (text === null || missing.length === 0) return null
  for (const { 0: found, index } of text.matchAll(word)) {
    if (hasWord(found, missing)) return lineAround(text, index)
  }
  return null
}

function lineAround(text: string, at: number): string {
  const start = at <= before ? 0 : startOfWord(text, at - before, at)
  const end = Math.min(start + longest, text.length)
  // Half of a character at the end is left out.
  const line = text
    .slice(start, end)
    .replace(/[\ud800-\udbff]$/, '')
    .replace(/\s+/g, ' ')
    .trim()
  return `${start > 0 ? '…' : ''}${line}${end < text.length ? '…' : ''}`
}

/** The first word after `from`, or `last` where none begins before it. */
function startOfWord(text: string, from: number, last: number): number {
  const space = text.slice(from, last).search(/\s/)
  return space === -1 ? last : from + space + 1
}
