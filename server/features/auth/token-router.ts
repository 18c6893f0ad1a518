/**
 * The calls that deal in tokens. Each takes a secret for its credential, and most answer with another: they look at no other
 * credential, keep no answer for an idempotency key, and write their records themselves. A refresh is safe to repeat by nature.
 */
import { z } from 'zod'
import { ExchangeCode, Logout, NewAccessToken, Refresh, Refreshed } from '../../../shared/auth.ts'
import { credentialProcedure, publicProcedure, recorded } from '../../trpc.ts'

const onSession = { audit: { noun: 'session', secret: true } } as const

export const tokenProcedures = {
  /** The way that a refresh token came in, in the body or in a cookie, is the way that the next one goes out. */
  refresh: credentialProcedure
    .meta({
      ...onSession,
      rest: {
        method: 'POST',
        path: '/api/v1/auth/refresh',
        summary: 'Both tokens anew, for a refresh token or its cookie',
        errors: ['INVALID_CREDENTIAL', 'SESSION_ENDED', 'REFRESH_REUSED'],
      },
    })
    .input(Refresh)
    .use(recorded)
    .output(Refreshed)
    .mutation(({ ctx, input }) => ctx.refresh(input.refreshToken, ctx.countCall)),

  /** Ends every session that the request shows a token of; fine when there is none. */
  logout: credentialProcedure
    .meta({
      ...onSession,
      rest: {
        method: 'POST',
        path: '/api/v1/auth/logout',
        summary: 'End each session that the request shows a token of',
        errors: ['INVALID_CREDENTIAL', 'API_KEY_REFUSED'],
      },
    })
    .input(Logout)
    .use(recorded)
    .output(z.void())
    .mutation(async ({ ctx, input }) => {
      await ctx.countCall(null)
      await ctx.signOut(input.refreshToken)
    }),

  /** The code in the address and the cookie that was set with it, for the tokens of a sign-in through a provider. */
  exchange: publicProcedure
    .meta(onSession)
    .input(ExchangeCode)
    .use(recorded)
    .output(NewAccessToken)
    .mutation(({ ctx, input }) => ctx.exchangeCode(input.code)),
}
