/**
 * Passwords that are easy to guess: variants of common ones, known data of the owner, and those that zxcvbn rates as weak (Wheeler,
 * USENIX Security 2016): dates, neighbouring keys, repetitions. Signs and digits around a word, or digits in place of its
 * letters, do not make it harder to guess: users satisfy rules of composition in that way, and guessing programs try it first (NIST SP 800-63B section 5.1.1.2).
 */
import type { ZxcvbnFactory } from '@zxcvbn-ts/core'

/** At least 10^8 guesses: out of reach for an attacker who can only try to sign in, and slow for one who has the argon2id hash. */
const leastScore = 3
/**
 * The estimate runs on the event loop, and its time grows with the length of the text: docs/decisions/028-password-strength.md. A guess of
 * the whole password is a guess of its beginning too, so the beginning never makes a password seem stronger than it is.
 */
const estimated = 20
const productName = 'plinth'

const digitsForLetters: Record<string, string> = { '@': 'a', '4': 'a', '3': 'e', '0': 'o', $: 's', '5': 's', '7': 't' }

let estimator: Promise<{ common: Set<string>; zxcvbn: ZxcvbnFactory }> | undefined

/** Loaded on first use: 49,000 entries, which must not delay the start. */
function loadOnce() {
  estimator ??= load()
  return estimator
}

async function load() {
  const [{ ZxcvbnFactory }, { dictionary, adjacencyGraphs }] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
  ])
  return {
    common: new Set<string>(dictionary['passwords-common']),
    zxcvbn: new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs }),
  }
}

/** Why `password` is refused, as text for the user who chose it; null when it is accepted. */
export async function weaknessOf(
  password: string,
  { username, email }: { username: string | null; email: string | null },
): Promise<string | null> {
  const own = [username, email?.split('@')[0]].filter((word) => word !== undefined && word !== null)
  const typed = password.toLowerCase()
  if (own.some((word) => word.length >= 3 && typed.includes(word.toLowerCase()))) {
    return 'Must not contain your username or the name in your e-mail address'
  }
  const { common, zxcvbn } = await loadOnce()
  const beginning = [...password].slice(0, estimated).join('')
  const known = [...own, ...(email === null ? [] : [email]), productName]
  const { score, sequence } = zxcvbn.check(beginning, known)
  const isCommon = disguises(typed).some((word) => common.has(word))
  if (!isCommon && score >= leastScore) return null
  return `${reasonOf(sequence, isCommon)}, so it is easy to guess. Add words that do not belong together`
}

/** By the pattern that covers most of the password. The name of the app or the user comes first, then a common password. */
function reasonOf(matches: readonly Match[], isCommon: boolean): string {
  const named = matches.find(({ dictionaryName }) => dictionaryName === 'userInputs')
  if (named) {
    return named.matchedWord === productName
      ? 'Contains the name of this app'
      : 'Contains your username or e-mail address'
  }
  if (isCommon) return 'Is a common password with other characters'
  const [longest] = matches
    .filter(({ pattern }) => pattern in reasons)
    .toSorted((a, b) => b.token.length - a.token.length)
  return reasons[longest?.pattern ?? ''] ?? 'Is short or has few different characters'
}

interface Match {
  readonly pattern: string
  readonly token: string
  readonly dictionaryName?: string
  readonly matchedWord?: string
}

/** By the patterns of zxcvbn. */
const reasons: Record<string, string> = {
  dictionary: 'Contains a common word or password',
  spatial: 'Contains neighbouring keys',
  repeat: 'Repeats the same characters',
  sequence: 'Contains a sequence such as abc or 123',
  regex: 'Contains a year',
  date: 'Contains a date',
}

/** The words that remain without the added signs and digits. */
function disguises(typed: string): string[] {
  const bare = typed.replace(/^[^\p{L}\p{Nd}]+|[^\p{L}\p{Nd}]+$/gu, '')
  const word = typed.replace(/^\P{L}+|\P{L}+$/gu, '')
  return [typed, bare, word, typed.replace(/[^\p{L}\p{Nd}]/gu, '')].flatMap((text) => {
    const spelled = text.replace(/[@430$57]/g, (sign) => digitsForLetters[sign] as string)
    return [text, spelled, spelled.replace(/[1!]/g, 'i'), spelled.replace(/[1!]/g, 'l')]
  })
}
