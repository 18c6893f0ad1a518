/**
 * Secrets that are known by their form, in any text: `KEY=value`, passwords of connection strings and addresses, headers, tokens, keys, and
 * the e-mail addresses of people. Each pass takes time in proportion to the text, which anybody may have written.
 */
import { type IsSecretName, wordsOf } from './secret-names.ts'

/** What stands in place of a secret. What is a mark already has to stay as it is. */
export type Mark = (secret: string) => string

/** `name`: of the field that holds the text. */
export function hideSecretText(text: string, name: string, isSecretName: IsSecretName, mark: Mark): string {
  if (text.length < shortest && !/[\s=:@]/.test(text)) return text
  const second = (_whole: string, before: string, secret: string) => before + mark(secret)
  let hidden = text.replaceAll(pemBlock, mark)
  hidden = hideNamed(hidden, isSecretName, mark)
  hidden = hideOptions(hidden, isSecretName, mark)
  if (hidden.includes('@')) hidden = hidden.replaceAll(/\S+/g, (run) => hideUserInfo(run, mark))
  hidden = hidden.replaceAll(/(\bBearer\s+)([^\s"']+)/gi, second)
  hidden = hidden.replaceAll(/(\bBasic\s+)((?=[a-z+/]*[A-Z0-9=])[\w+/]{6,}=*)/g, second)
  hidden = hidden.replaceAll(secretAddress, second)
  hidden = hidden.replaceAll(knownToken, mark)
  hidden = hidden.replaceAll(emailAddress, (found) => (isOfProgram.test(found) ? found : mark(found)))
  if (text.startsWith('arn:') || isDigest(name)) return hidden
  return hidden.replaceAll(longRun, (run) => (isRandom(run) ? mark(run) : run))
}

/** Of what has a form of its own. Most texts are shorter, and a list may have thousands. */
const shortest = 8
const pemBlock = /-----BEGIN [\s\S]*?(?:-----END [^-\n]*-----|$)/g
/** Whoever has one may post there. */
const secretAddress =
  /((?:hooks\.slack(?:-gov)?\.com|discord(?:app)?\.com\/api(?:\/v\d+)?\/webhooks|webhook\.office\.com|outlook\.office\.com\/webhook|hooks\.zapier\.com|api\.telegram\.org\/bot)\/?)([^\s"'<>]+)/gi
const knownToken =
  /(?<![A-Za-z0-9])(?:(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{4,}|(?:gh[opsur]_|github_pat_|glpat-|xox[a-z]-|xapp-|sk-|[srp]k_(?:live|test)_|AIza|ya29\.|eyJ|npm_|plinth_key_|hv[sbr]\.|dop_v1_|SG\.|shpat_|whsec_|AGE-SECRET-KEY-)[\w.-]{8,})/g
const emailAddress = /(?<![\p{L}\p{N}._%+'-])[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu
const longRun = /(?<![\w+/-])(?<!sha\d{3}:)[\w+/-]{20,}=*/gi
const isOfProgram = /^git@|\.gserviceaccount\.com$/

/**
 * `KEY=value` and `key: value`. The value goes on to where a connection string, an address or the line ends, for what comes before that may
 * be part of it.
 */
function hideNamed(text: string, isSecretName: IsSecretName, mark: Mark): string {
  const name = /(?<![\w.-])[\w.-]+(?=(\\*["']?\s*[:=][ \t]*))/g
  let [hidden, from] = ['', 0]
  for (let found = name.exec(text); found; found = name.exec(text)) {
    const [word, separator = ''] = found
    if (!isSecretName(word) || (separator.includes(':') && text.startsWith('arn:'))) continue
    const start = name.lastIndex + separator.length
    // A whole entry of an environment, whatever is in it.
    const isEntry = found.index === 0 && separator === '='
    const end = isEntry ? text.length : endOfValue(text, start, separator.includes(':'))
    const value = text.slice(start, end)
    if (!harmless.test(value)) {
      hidden += text.slice(from, start) + mark(value)
      from = end
    }
    name.lastIndex = Math.max(end, name.lastIndex)
  }
  return hidden + text.slice(from)
}

/** They can be guessed anyway, and tell most: that there is none, that something is on. */
const harmless = /^["']?(true|false|null|none)?["']?$/i

function endOfValue(text: string, start: number, isLine: boolean): number {
  const rest = isLine
    ? /"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|[^\r\n]*/y
    : /(?:"(?:[^"\\]|\\[\s\S])*"?|'[^']*'?)[^\s;&,)\]}"']*|\{[^}]*\}?|[^;&\r\n]*/y
  rest.lastIndex = start
  const [value = ''] = rest.exec(text) ?? []
  // A block of YAML.
  return isLine && /^[|>][+-]?\s*$/.test(value) ? text.length : start + value.length
}

/** `--password x`, `mysql -px`, `curl -u user:password`. */
function hideOptions(text: string, isSecretName: IsSecretName, mark: Mark): string {
  const second = (_whole: string, before: string, secret: string) => before + mark(secret)
  let hidden = text.replaceAll(
    /(?<!\S)(--?[A-Za-z][\w-]*)(\s+)("[^"]*"?|'[^']*'?|[^\s-]\S*)/g,
    (whole, option: string, space: string, value: string) =>
      isSecretName(option) ? `${option}${space}${mark(value)}` : whole,
  )
  if (/mysql|mariadb|sshpass/.test(text)) {
    hidden = hidden.replaceAll(/((?<!\S)-p\s?)("[^"]*"?|'[^']*'?|[^\s-]\S*)/g, second)
  }
  if (text.includes('redis-cli')) hidden = hidden.replaceAll(/((?<!\S)-a\s+)(\S+)/g, second)
  return hidden.replaceAll(/((?<!\S)(?:-u|--user)[ =]["']?[\w.-]+:)([^\s"']+)/g, second)
}

/** `scheme://user:password@host`, `https://token@host` and `user:password@tcp(host)/name`, in a text without spaces. */
function hideUserInfo(run: string, mark: Mark): string {
  const at = run.lastIndexOf('@')
  if (at === -1) return run
  const [before, after] = [run.slice(0, at), run.slice(at)]
  // The image of a container.
  if (/^@sha\d{3}:/.test(after)) return hideUserInfo(before, mark) + after
  const slashes = before.indexOf('//')
  const start = slashes === -1 || before.slice(0, slashes).includes('@') ? 0 : slashes + 2
  const colon = before.indexOf(':', start)
  if (colon !== -1) {
    const secret = before.slice(colon + 1)
    const isService = start === 0 && before.slice(0, colon).endsWith('serviceAccount') && isOfProgram.test(run)
    return secret === '' || isService ? run : before.slice(0, colon + 1) + mark(secret) + after
  }
  const user = before.slice(start)
  return start === 0 || user === '' || user === 'git' || /[/?#]/.test(user)
    ? run
    : run.slice(0, start) + mark(user) + after
}

const digestWords = /^(checksum|commit|digest|etag|fingerprint|hash|md5|revision|sha|sha1|sha256|sha512)$/
const isDigest = (name: string) => wordsOf(name).some((word) => digestWords.test(word))

/** Made by chance, as keys are: neither words, nor a path, nor the short ids of clouds. */
function isRandom(run: string): boolean {
  if (/^sha\d{3}-|^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(run)) return false
  const parts = run.split(/[/_+=-]+/)
  const longest = parts.reduce((one, other) => (other.length > one.length ? other : one))
  const isMixed = /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run)
  // As long as a secret access key of AWS.
  if (isMixed && run.length === 40) return true
  const part = longest.length >= 18 ? longest : longest.length >= 8 && isMixed && run.length >= 32 ? parts.join('') : ''
  if (part === '' || entropyOf(part) < 3) return false
  const letters = part.replaceAll(/[A-Za-z]/g, 'a')
  const digits = letters.replaceAll('a', '').length
  if (digits >= 0.15 * part.length && changesOf(letters) >= 0.12) return true
  // Base32. Constants have signs between their words.
  if (digits > 0 && digits < part.length && part === part.toUpperCase()) return true
  return /[a-z]/.test(part) && /[A-Z]/.test(part) && changesOf(part) >= 0.4
}

/** In bits for each character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>()
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1)
  return [...counts.values()].reduce((sum, n) => sum - (n / text.length) * Math.log2(n / text.length), 0)
}

/** How often an upper-case letter, a lower-case letter or a digit is followed by another kind. In CamelCase that is rare. */
function changesOf(text: string): number {
  const kinds = text.replaceAll(/[a-z]/g, 'a').replaceAll(/[A-Z]/g, 'A').replaceAll(/\d/g, '0')
  let changes = 0
  for (let at = 1; at < kinds.length; at++) if (kinds[at] !== kinds[at - 1]) changes++
  return changes / (kinds.length - 1)
}
