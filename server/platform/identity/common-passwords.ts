/**
 * Passwords that are guessed first: those that many people have, and those made of what is known of a person. Signs and digits
 * around a word, and digits in the place of its letters, hide it from nobody: rules of composition are met that way, and
 * guessing programs begin with it (NIST SP 800-63B section 5.1.1.2).
 */
const digitsForLetters: Record<string, string> = { '@': 'a', '4': 'a', '3': 'e', '0': 'o', $: 's', '5': 's', '7': 't' }

let listed: Promise<Set<string>> | undefined

/** Read when it is first asked for: 49,000 entries, of which no start should wait. */
function commonPasswords(): Promise<Set<string>> {
  listed ??= import('@zxcvbn-ts/language-common').then(({ dictionary }) => new Set(dictionary['passwords-common']))
  return listed
}

/** Why `password` is refused, to the person who chose it; null when it is not. */
export async function weaknessOf(
  password: string,
  { username, email }: { username: string | null; email: string | null },
): Promise<string | null> {
  const typed = password.toLowerCase()
  const own = [username, email?.split('@')[0]].filter((word) => word && word.length >= 3)
  if (own.some((word) => typed.includes((word as string).toLowerCase()))) {
    return 'Must not contain your username or the name in your e-mail address'
  }
  const common = await commonPasswords()
  if (disguises(typed).some((word) => common.has(word))) return 'Is one of the first that would be guessed'
  return null
}

/** What may be left of it when the disguise is taken off. */
function disguises(typed: string): string[] {
  const bare = typed.replace(/^[^\p{L}\p{Nd}]+|[^\p{L}\p{Nd}]+$/gu, '')
  const word = typed.replace(/^\P{L}+|\P{L}+$/gu, '')
  return [typed, bare, word, typed.replace(/[^\p{L}\p{Nd}]/gu, '')].flatMap((text) => {
    const spelled = text.replace(/[@430$57]/g, (sign) => digitsForLetters[sign] as string)
    return [text, spelled, spelled.replace(/[1!]/g, 'i'), spelled.replace(/[1!]/g, 'l')]
  })
}
