/**
 * Signing in by password, for browsers (`signUp`, `signIn`: a cookie) and for programs (`register`, `login`: tokens in the
 * answer), and what goes by mail. Nothing here is kept for an idempotency key: what goes in and out is secret.
 */
import { z } from 'zod'
import {
  BrowserRegistered,
  BrowserSignedIn,
  ForgotPassword,
  MailOnItsWay,
  Register,
  Registered,
  ResendVerification,
  ResetPassword,
  SignedIn,
  SignIn,
  Verification,
  VerificationLink,
  VerifyEmail,
} from '../../../shared/auth.ts'
import type { RestMeta } from '../../platform/rest/rest-route.ts'
import { publicProcedure, recorded, router } from '../../trpc.ts'
import { forgotPassword, resendVerification, resetPassword } from './by-mail.ts'
import { findVerification, reclaimAddress, verifyEmail } from './confirm-address.ts'
import { register, signIn } from './service.ts'
import { tokenProcedures } from './token-router.ts'

const onPerson = { audit: { noun: 'person', secret: true } } as const
const onSession = { audit: { noun: 'session', secret: true } } as const
const rest = (name: string, summary: string, more: Omit<RestMeta, 'method' | 'path' | 'summary'> = {}) =>
  ({ rest: { method: 'POST', path: `/api/v1/auth/${name}`, summary, ...more } }) as const
const unseen = { user: null, accessToken: null }

export const authRouter = router({
  ...tokenProcedures,

  register: publicProcedure
    .meta({
      ...onPerson,
      ...rest('register', 'A new account with a password, and its tokens', {
        status: 201,
        errors: ['EMAIL_ALREADY_EXISTS', 'USERNAME_TAKEN'],
      }),
    })
    .input(Register)
    .use(recorded)
    .output(Registered)
    .mutation(async ({ ctx, input }) => {
      const opened = await register(ctx, input, { holder: 'program', action: 'auth.register' })
      return (opened ?? { ...unseen, refreshToken: null }) as Registered
    }),

  login: publicProcedure
    .meta({
      ...onSession,
      ...rest('login', 'Tokens for an address and its password', {
        errors: ['WRONG_CREDENTIALS', 'TOO_MANY_ATTEMPTS'],
      }),
    })
    .input(SignIn)
    .use(recorded)
    .output(SignedIn)
    .mutation(async ({ ctx, input }) => {
      return (await signIn(ctx, input, { holder: 'program', action: 'auth.login' })) as SignedIn
    }),

  signUp: publicProcedure
    .meta(onPerson)
    .input(Register)
    .use(recorded)
    .output(BrowserRegistered)
    .mutation(async ({ ctx, input }) => {
      return (await register(ctx, input, { holder: 'browser', action: 'auth.signUp' })) ?? unseen
    }),

  signIn: publicProcedure
    .meta(onSession)
    .input(SignIn)
    .use(recorded)
    .output(BrowserSignedIn)
    .mutation(({ ctx, input }) => signIn(ctx, input, { holder: 'browser', action: 'auth.signIn' })),

  forgotPassword: publicProcedure
    .meta({
      ...onPerson,
      ...rest('forgot-password', 'A mail with a link to set a new password', { errors: ['TOO_MANY_ATTEMPTS'] }),
    })
    .input(ForgotPassword)
    .use(recorded)
    .output(MailOnItsWay)
    .mutation(({ ctx, input }) => forgotPassword(ctx, input)),

  resetPassword: publicProcedure
    .meta({
      ...onPerson,
      ...rest('reset-password', 'Set a new password by the link of a mail; every session ends', {
        errors: ['ONE_TIME_TOKEN_INVALID'],
      }),
    })
    .input(ResetPassword)
    .use(recorded)
    .output(z.void())
    .mutation(({ ctx, input }) => resetPassword(ctx, input)),

  /** A mutation, so that the token is in a body and in no address. */
  findVerification: publicProcedure
    .meta({ hint: true })
    .input(VerificationLink)
    .output(Verification)
    .mutation(({ ctx, input }) => findVerification(ctx, input)),

  verifyEmail: publicProcedure
    .meta({
      ...onPerson,
      ...rest('verify-email', 'Confirm an address by the link of a mail, signed in or with the password', {
        errors: ['ONE_TIME_TOKEN_INVALID', 'ACCOUNT_NOT_PROVEN', 'WRONG_CREDENTIALS', 'TOO_MANY_ATTEMPTS'],
      }),
    })
    .input(VerifyEmail)
    .use(recorded)
    .output(z.void())
    .mutation(({ ctx, input }) => verifyEmail(ctx, input)),

  reclaimAddress: publicProcedure
    .meta({
      ...onPerson,
      ...rest('reclaim-address', 'Take an address back from the account that registered with it, by a mailed link', {
        errors: ['ONE_TIME_TOKEN_INVALID'],
      }),
    })
    .input(VerificationLink)
    .use(recorded)
    .output(z.void())
    .mutation(({ ctx, input }) => reclaimAddress(ctx, input)),

  resendVerification: publicProcedure
    .meta({
      ...onPerson,
      ...rest('resend-verification', 'Another mail with a link to confirm an address', {
        errors: ['TOO_MANY_ATTEMPTS'],
      }),
    })
    .input(ResendVerification)
    .use(recorded)
    .output(MailOnItsWay)
    .mutation(({ ctx, input }) => resendVerification(ctx, input)),
})
