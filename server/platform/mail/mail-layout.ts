/**
 * A mail as text and as HTML, from the same words. Every value is text until here, and is escaped here: names are what people
 * chose. The HTML asks for nothing from anywhere, so opening it tells nobody, and follows the reader's dark or light.
 */
import { brandMark, colourRules, colours } from '../../../shared/colours.ts'
import type { User } from '../identity/table.ts'

export interface MailWords {
  subject: string
  /** Paragraphs before the button. */
  before: string[]
  action: { label: string; url: string }
  /** Paragraphs after it. */
  after: string[]
}

export interface RenderedMail {
  subject: string
  text: string
  html: string
}

const { light } = colours

/** A mail program that does not know `light-dark()` or custom properties takes the light colours before them. */
const mailRules = `${colourRules}
  body { margin: 0; padding: 24px 16px; background: ${light.ground}; background: var(--ground); color: ${light.text}; color: var(--text); font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', sans-serif }
  main { max-width: 32rem; margin: 0 auto }
  h1 { font-size: 20px; line-height: 1.3; margin: 0 0 16px }
  p { margin: 0 0 16px }
  a { color: ${light.accent}; color: var(--accent) }
  .brand { display: flex; align-items: center; gap: 8px; font-weight: 700 }
  a.action { display: inline-block; padding: 12px 20px; border-radius: 8px; background: ${light.accent}; background: var(--accent); color: ${light.onAccent}; color: var(--onAccent); font-weight: 600; text-decoration: none }
  .quiet { font-size: 14px; color: ${light.soft}; color: var(--soft); overflow-wrap: anywhere }`

/** `name`: whom to greet. `from`: who writes, in the last line. */
export function renderMail({ subject, before, action, after }: MailWords, name: string, from: string): RenderedMail {
  const greetedName = greetable(name)
  const greeting = greetedName ? `Hello ${greetedName},` : 'Hello,'
  const text = [greeting, ...before, `${action.label}:\n${action.url}`, ...after, `-- \n${from}`].join('\n\n')
  const paragraphs = (lines: string[]) => lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('\n')
  const url = escapeHtml(action.url)
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(subject)}</title>
<style>
  ${mailRules}
</style>
</head>
<body>
<main>
<p class="brand">${brandMark} Plinth</p>
<h1>${escapeHtml(subject)}</h1>
${paragraphs([greeting, ...before])}
<p><a class="action" href="${url}">${escapeHtml(action.label)}</a></p>
<p class="quiet">Or open this address: <a href="${url}">${url}</a></p>
${paragraphs(after)}
<p class="quiet">${escapeHtml(from)}</p>
</main>
</body>
</html>
`
  return { subject, text: `${text}\n`, html }
}

/** One line, whatever it was: a line break in a value would begin a line of our own making. */
export const oneLine = (text: string) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()

/**
 * Anybody can have a mail sent to an address that they type in, under a name that they choose: one that reads as an address of a
 * page or as a message of its own is empty here, or our mails would carry other people's advertising.
 */
export function greetable(name: string): string {
  const line = oneLine(name)
  return line === '' || [...line].length > 60 || /[:/\\@]|www\.|\.\S*\p{L}{2}/iu.test(line) ? '' : line
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign)

/** Users choose their display names, so one that could pass for a message or for another user's `@username` is left out. */
export function nameInMail({ id, username, displayName }: Pick<User, 'id' | 'username' | 'displayName'>): string {
  if (username) return `@${username}`
  const name = greetable(displayName)
  return name ? `“${name}”` : `a user without a username (${id})`
}
