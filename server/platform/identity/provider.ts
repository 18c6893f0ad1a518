/** What a sign-in provider has to do; the mock and the real one differ in nothing that anybody else sees. */
import type { identityProviders } from '../../../shared/account.ts'
import type { NewAttempt, SignInAttempt } from './sign-in-attempt.ts'

/** Names a row of `identities`. */
export interface WayIn {
  readonly provider: (typeof identityProviders)[number]
  /** As `issuerName` returns it; null for identities of our own. */
  readonly issuer: string | null
  readonly subject: string
}

/** What a provider vouches for, after verification. */
export interface ProviderProfile extends WayIn {
  readonly email: string | null
  /** True only when the provider says so with the JSON value `true`. */
  readonly emailVerified: boolean
  readonly name: string | null
  readonly pictureUrl: string | null
}

/** The address to send the browser to, and the PKCE verifier that the exchange of its code needs (RFC 7636). */
export interface Authorization {
  readonly url: URL
  readonly verifier: string
}

export interface Provider {
  /** @throws AppError PROVIDER_UNAVAILABLE; within 5 s */
  authorize(attempt: NewAttempt, query: Record<string, unknown>): Promise<Authorization>
  /**
   * Exchanges the code in the callback's query for a verified profile.
   * @throws AppError SIGN_IN_CANCELLED, SIGN_IN_FAILED, PROVIDER_UNAVAILABLE; all within 5 s.
   */
  finish(callbackQuery: URLSearchParams, attempt: SignInAttempt): Promise<ProviderProfile>
}
