/** How an input names a user: by a word, which may be a name of any kind, or by a field for one kind. */
import { TargetId } from './id.ts'
import { singleLine } from './text.ts'

export const PersonName = singleLine(254).meta({
  description:
    'A user id, a username, an e-mail address that its owner has confirmed, or a legacy id. An account comes before a legacy id of the same spelling',
  example: 'grace@example.org',
})

const kinds = ['username', 'userId', 'legacyId', 'email'] as const
export type PersonNameKind = (typeof kinds)[number]

const instead = (kind: string) => ({ description: `In the place of a word: ${kind}` })

/** The fields beside the one for a word. An input has exactly one of them all. */
export const personNameFields = {
  username: singleLine(254).optional().meta(instead('a username')),
  userId: TargetId.optional().meta(instead('a user id')),
  legacyId: singleLine(254).optional().meta(instead('the id that another product knows the user by')),
  email: singleLine(254).optional().meta(instead('an e-mail address that its owner has confirmed')),
}
type Named = { [Kind in PersonNameKind]?: string | undefined }

const given = (input: Named): PersonNameKind[] => kinds.filter((kind) => input[kind] !== undefined)

/** For `refine`: `word` is the name of the field for a word. */
export function namesOne<Word extends string>(word: Word) {
  const isOne = (input: Named & { [Field in Word]?: string | undefined }) =>
    given(input).length + Number(input[word] !== undefined) === 1
  const fault = { path: [word as string], message: `Name one user: send one of ${[word, ...kinds].join(', ')}` }
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
