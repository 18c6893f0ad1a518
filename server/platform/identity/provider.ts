/** What a sign-in provider has to do; the mock and the real one differ in nothing that anybody else sees. */
import type { identityProviders } from '../../../shared/account.ts'
import type { SignInAttempt } from './sign-in-attempt.ts'

/** Names a row of `identities`. */
export interface WayIn {
  readonly provider: (typeof identityProviders)[number]
  /** By the name of `issuerName`; null for what we issue ourselves. */
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

export interface Provider {
  /** Where to send the browser. @throws AppError PROVIDER_UNAVAILABLE */
  authorizationUrl(attempt: SignInAttempt, query: Record<string, unknown>): Promise<URL>
  /**
   * Exchanges the code in the callback's query for a verified profile.
   * @throws AppError SIGN_IN_CANCELLED, SIGN_IN_FAILED, PROVIDER_UNAVAILABLE; all within 5 s.
   */
  finish(callbackQuery: URLSearchParams, attempt: SignInAttempt): Promise<ProviderProfile>
}
