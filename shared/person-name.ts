/** How an input names a user: by a word, which may be a name of any kind, or by a field for one kind. */
import { EmailAddress } from './auth.ts'
import { TargetId } from './id.ts'
import { singleLine } from './text.ts'

export const PersonName = singleLine(254).meta({
  description:
    'A user id, a username or a legacy id. An account takes precedence over a legacy id of the same spelling',
  example: 'grace',
})

export const PersonNameOrAddress = singleLine(254).meta({
  description:
    'A user id, a username or a legacy id; or an e-mail address, which is invited. An account takes precedence over a legacy id of the same spelling',
  example: 'grace@example.org',
})

const kinds = ['username', 'userId', 'legacyId'] as const
export type PersonNameKind = (typeof kinds)[number]

const instead = (kind: string) => ({ description: `In the place of a word: ${kind}` })

/** The fields beside the one for a word. An input has exactly one of them all. */
export const personNameFields = {
  username: singleLine(254).optional().meta(instead('a username')),
  userId: TargetId.optional().meta(instead('a user id')),
  legacyId: singleLine(254).optional().meta(instead('the id that another product knows the user by')),
}

/** Beside `personNameFields` where an address can be invited. */
export const emailField = singleLine(254)
  .refine(isAddress, 'Must be an e-mail address, such as ada@example.org')
  .optional()
  .meta(instead('an e-mail address, which is invited'))

type Named = { [Kind in PersonNameKind]?: string | undefined }

const given = (input: Named): PersonNameKind[] => kinds.filter((kind) => input[kind] !== undefined)

/** For `refine`: `words` are the names of the fields beside those of `personNameFields`. */
export function namesOne<Word extends string>(...words: Word[]) {
  const isOne = (input: Named & { [Field in Word]?: string | undefined }) =>
    given(input).length + words.filter((word) => input[word] !== undefined).length === 1
  const fault = { path: [words[0] as string], message: `Name one user: send one of ${[...words, ...kinds].join(', ')}` }
  return [isOne, fault] as const
}

export interface NamedPerson {
  /** Null for a word. */
  kind: PersonNameKind | null
  name: string
}

/** For an input that `namesOne` has accepted. */
export function namedPerson(word: string | undefined, input: Named): NamedPerson {
  const [kind] = given(input)
  return kind === undefined ? { kind: null, name: word ?? '' } : { kind, name: input[kind] ?? '' }
}

/** The address that is to be invited, as it was typed and as normalized by `EmailAddress`; null where a user is named. */
export function namedAddress({ person, email }: { person?: string | undefined; email?: string | undefined }) {
  const typed = email ?? person
  const address = EmailAddress.safeParse(typed).data
  return typed !== undefined && address !== undefined ? { typed, address } : null
}

export function isAddress(name: string): boolean {
  return EmailAddress.safeParse(name).success
}
