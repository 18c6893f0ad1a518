/**
 * What a message is made of for the eye: its words as they were written, addresses that can be followed, and fenced blocks
 * of code. Nothing else is read into it, and all its characters are in the parts, but for the fences themselves and for addresses that
 * are shown as browsers read them.
 */
export type Link = { type: 'link'; text: string; href: string; host: string }
export type Inline = { type: 'words'; text: string } | Link
export type Block = { type: 'words'; parts: Inline[] } | { type: 'code'; language: string; text: string }

/** ``` alone or with a language, at the beginning of a line, as people and assistants write it. */
const fence = /^ {0,3}```([\w+#.-]*)[ \t]*$/

export function blocksOf(content: string): Block[] {
  const blocks: Block[] = []
  let lines: string[] = []
  let language: string | null = null
  const flush = (isEnd = false) => {
    const text = lines.join('\n')
    if (language !== null) blocks.push({ type: 'code', language, text })
    else {
      // The line breaks before and after a block are the block's own.
      const words = text.replace(/^\n+/, blocks.length > 0 ? '' : '$&').replace(/\n+$/, isEnd ? '$&' : '')
      if (words.trim() !== '') blocks.push({ type: 'words', parts: inlineOf(words) })
    }
    lines = []
  }
  for (const line of content.replaceAll('\r\n', '\n').split('\n')) {
    const [isFence, named = ''] = fence.exec(line) ?? []
    if (isFence === undefined || (language !== null && named !== '')) {
      lines.push(line)
      continue
    }
    flush()
    language = language === null ? named : null
  }
  // While an answer is under way its last block has no end yet.
  flush(true)
  return blocks
}

/** It ends at what is not seen, or turns the text around it: an address must be read as it leads. */
const address = /https?:\/\/[^\s<>"'`\u2028\u2029\p{Cf}\p{Cc}]{1,2000}/giu

function inlineOf(text: string): Inline[] {
  const parts: Inline[] = []
  let end = 0
  for (const { 0: found, index } of text.matchAll(address)) {
    const shown = withoutPunctuation(found)
    const link = linkOf(shown)
    if (link === null) continue
    if (index > end) parts.push({ type: 'words', text: text.slice(end, index) })
    parts.push(link)
    end = index + shown.length
  }
  if (end < text.length) parts.push({ type: 'words', text: text.slice(end) })
  return parts
}

/** A full stop after an address ends the sentence, and a bracket closes only what was opened in it. */
function withoutPunctuation(found: string): string {
  let shown = found
  for (;;) {
    const last = shown.at(-1) ?? ''
    const opening = { ')': '(', ']': '[', '}': '{' }[last]
    const isLoose = opening !== undefined && shown.split(last).length > shown.split(opening).length
    if (!isLoose && !/[.,;:!?*_~|]/.test(last)) return shown
    shown = shown.slice(0, -1)
  }
}

/**
 * Only what leads to a page: another scheme could run code in this one. An address with a user in it (`https://bank.example@evil.example`)
 * is none, and one whose host is written in another way than browsers do, as with letters of another script, is shown as they do.
 */
export function linkOf(shown: string): Link | null {
  if (!URL.canParse(shown)) return null
  const { protocol, href, host, hostname, username, password } = new URL(shown)
  if ((protocol !== 'https:' && protocol !== 'http:') || hostname === '' || username !== '' || password !== '')
    return null
  const isPlain = shown
    .slice(protocol.length + 2)
    .toLowerCase()
    .startsWith(hostname)
  return { type: 'link', text: isPlain ? shown : href, href, host }
}
