import { CreateConversation } from '../../../../shared/conversations.ts'

/** Of two units each, and with the sign that there is more, still a title. */
const titleLength = 59

/** What it begins with, up to the end of a word; null where that is no title. */
export function titleFrom(content: string): string | null {
  const line = content.trim().split('\n', 1)[0] ?? ''
  const words = line.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  const letters = Array.from(words)
  const cut = letters
    .slice(0, titleLength)
    .join('')
    .replace(/\s+\S*$/u, '')
  const title = letters.length <= titleLength ? words : `${cut}…`
  return CreateConversation.safeParse({ title }).success ? title : null
}
