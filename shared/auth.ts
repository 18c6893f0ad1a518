/** Signing in by what a person knows: passwords, and the tokens that programs hold instead of a cookie. */
import { z } from 'zod'
import { Person } from './account.ts'
import { singleLine } from './text.ts'

const notAnAddress = 'Must be an e-mail address, such as ada@example.org'

/**
 * One spelling for each address. Letters beyond ASCII are refused before anything is lowered: some become ASCII then, and one
 * address would be another's (CVE-2019-19844).
 */
export const EmailAddress = z
  .string()
  .trim()
  .max(254, 'Must be at most 254 characters')
  .regex(/^[\x21-\x7e]{1,64}@[\x21-\x7e]+$/, notAnAddress)
  .toLowerCase()
  .pipe(z.email(notAnAddress))
  .meta({ example: 'ada@example.org' })

export const Username = z
  .string()
  .regex(/^[A-Za-z0-9_]{3,20}$/, 'Must be 3 to 20 letters, digits or underscores')
  .meta({ example: 'ada' })

/** Far more than any password decomposes to. Composing takes the square of the marks that follow one letter. */
const mostTyped = 4096

/** Composed, so that the same password typed on another system is the same (RFC 8265 section 4.2). */
const composed = z
  .string()
  .refine((text) => text.length <= mostTyped, 'Is too long')
  .transform((text) => text.normalize('NFC'))

/** One that was set once: whatever it is, it is compared. */
export const Password = composed
  .pipe(z.string().min(1, 'Must not be empty').max(512, 'Is too long'))
  .meta({ format: 'password', example: 'Correct-horse-7' })

/** A password of this length needs no kinds of characters: several words are easier to remember and harder to guess. */
export const longPasswordFrom = 15

const lengthOf = (text: string) => [...text].length

interface PasswordRule {
  readonly rule: string
  /** A long password may break it. */
  readonly forShort: boolean
  readonly holds: (text: string) => boolean
}

const always = (rule: string, holds: PasswordRule['holds']): PasswordRule => ({ rule, forShort: false, holds })
const kind = (rule: string, pattern: RegExp): PasswordRule => ({
  rule,
  forShort: true,
  holds: (text) => lengthOf(text) >= longPasswordFrom || pattern.test(text),
})

/** What a new password needs; a page shows all rules beforehand. The server estimates whether it is easy to guess. */
export const passwordRules: readonly PasswordRule[] = [
  always('At least 8 characters', (text) => lengthOf(text) >= 8),
  always('At most 128 characters', (text) => lengthOf(text) <= 128),
  kind('A lower-case letter', /\p{Ll}/u),
  kind('An upper-case letter', /\p{Lu}/u),
  kind('A digit', /\p{Nd}/u),
  kind('Another sign, such as - or !', /[^\p{L}\p{Nd}]/u),
]

const rulesInWords = (forShort: boolean) =>
  passwordRules
    .filter((rule) => rule.forShort === forShort)
    .map(({ rule }) => rule)
    .join('; ')

export const NewPassword = composed
  .pipe(
    z
      .string()
      .max(512, 'Is too long')
      .superRefine((text, issue) => {
        if (!text.isWellFormed() || /\p{Cc}/u.test(text)) return issue.addIssue('Must not hold control characters')
        for (const { rule, forShort, holds } of passwordRules) {
          const orLong = forShort ? `, or ${longPasswordFrom} characters in all` : ''
          if (!holds(text)) issue.addIssue(`Needs: ${rule.toLowerCase()}${orLong}`)
        }
      }),
  )
  .meta({
    format: 'password',
    description: `${rulesInWords(false)}. With fewer than ${longPasswordFrom} characters also: ${rulesInWords(true)}`,
    example: 'Correct-horse-7',
  })

export const Register = z.object({ username: Username, email: EmailAddress, password: NewPassword })
export type Register = z.infer<typeof Register>

export const SignIn = z.object({ email: EmailAddress, password: Password })
export type SignIn = z.infer<typeof SignIn>

export const RefreshToken = z.string().min(1).max(1024).meta({ example: 'a refresh token' })

/** For programs, which keep both themselves. */
export const TokenPair = z.object({
  /** A JWT, good for 15 minutes. */
  accessToken: z.string().meta({ example: 'an access token' }),
  refreshToken: RefreshToken,
})
export type TokenPair = z.infer<typeof TokenPair>

/** A program sends its own; a browser's is in a cookie. */
export const Refresh = z.object({ refreshToken: RefreshToken.optional() }).prefault({})
export const Refreshed = TokenPair.extend({ refreshToken: RefreshToken.nullable() })
export type Refreshed = z.infer<typeof Refreshed>
export const Logout = Refresh
/** Of the address that a sign-in through a provider comes back to, where AUTH_SESSION_MODE is `jwt`. */
export const ExchangeCode = z.object({ code: z.string().min(1).max(512) })
export const NewAccessToken = TokenPair.pick({ accessToken: true })

export const SignedIn = TokenPair.extend({ user: Person }).meta({ id: 'SignedIn' })
export type SignedIn = z.infer<typeof SignedIn>

/** For a browser, whose lasting secret is in an HttpOnly cookie. `accessToken` where AUTH_SESSION_MODE is `jwt`. */
export const BrowserSignedIn = z.object({ user: Person, accessToken: z.string().nullable() })
export type BrowserSignedIn = z.infer<typeof BrowserSignedIn>

/** Registered where accounts are not told of: nothing is given before the address is proven, whether or not it had an account. */
export const AwaitsMail = z.object({ user: z.null(), accessToken: z.null(), refreshToken: z.null() })
export const Registered = z.union([SignedIn, AwaitsMail])
export type Registered = z.infer<typeof Registered>
export const BrowserRegistered = z.union([BrowserSignedIn, AwaitsMail.omit({ refreshToken: true })])
export type BrowserRegistered = z.infer<typeof BrowserRegistered>

export const ForgotPassword = z.object({ email: EmailAddress })
export type ForgotPassword = z.infer<typeof ForgotPassword>
export const ResendVerification = ForgotPassword
export const OneTimeToken = z.string().min(1).max(512).meta({ example: 'the token in the link' })
export const ResetPassword = z.object({ token: OneTimeToken, newPassword: NewPassword })
export type ResetPassword = z.infer<typeof ResetPassword>
/** Without a password the call comes from a session of the account. */
export const VerifyEmail = z.object({ token: OneTimeToken, password: Password.optional() })
export type VerifyEmail = z.infer<typeof VerifyEmail>
/** Of a link that confirms an address. */
export const VerificationLink = z.object({ token: OneTimeToken })
export type VerificationLink = z.infer<typeof VerificationLink>
/** The account that a link confirms. `needs`: what the caller proves first that the account is theirs by. */
export const Verification = z.object({
  email: z.string(),
  username: z.string().nullable(),
  displayName: z.string(),
  /** `sign-in`: the account has no password, so only a session of it will do. */
  needs: z.enum(['nothing', 'password', 'sign-in']),
})
export type Verification = z.infer<typeof Verification>
/** The current one for whoever has one; without, the sign-in must be fresh. */
export const ChangePassword = z.object({ currentPassword: Password.optional(), newPassword: NewPassword })
export type ChangePassword = z.infer<typeof ChangePassword>
export const ConfirmPassword = z.object({ password: Password })
export type ConfirmPassword = z.infer<typeof ConfirmPassword>

/** The same whether or not there is such an account. */
export const MailOnItsWay = z.object({ message: singleLine(200).meta({ example: 'It is on its way.' }) })
