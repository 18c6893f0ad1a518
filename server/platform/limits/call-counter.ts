/** Counts a call against a budget, and sends what is left of the budget in the headers of the response. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors/app-error.ts'
import { operator } from '../identity/operator.ts'
import type { SocketCalls } from '../trpc/socket-calls.ts'
import type { Spent } from './call-budgets.ts'

/** `payer`: null for an anonymous caller. `price`: how many calls it counts as, 1 if absent. @throws AppError RATE_LIMITED */
export type CountCall = (payer: { id: string } | null, price?: number) => Promise<void>

/** For a batch, the headers have the least that was left. */
export function callCounter(
  { callBudgets }: Pick<FastifyInstance, 'callBudgets'>,
  { ip }: Pick<FastifyRequest, 'ip'>,
  reply: FastifyReply | null,
  socketCalls: SocketCalls | null = null,
): CountCall {
  let least = Number.POSITIVE_INFINITY
  return async (payer, price = 1) => {
    if (payer === operator) return
    const spent = await callBudgets.spend(payer?.id ?? null, ip, price)
    if (reply && !reply.sent && spent.remaining < least) {
      least = spent.remaining
      stateBudget(reply, spent)
    }
    if (!spent.isOver) return
    socketCalls?.noteRefusal()
    throw new AppError('RATE_LIMITED', { retryAfterS: spent.resetS })
  }
}

/** The IETF's draft on RateLimit headers, in its first form. */
export function stateBudget(reply: FastifyReply, { limit, remaining, resetS }: Spent): void {
  reply.headers({ 'ratelimit-limit': limit, 'ratelimit-remaining': remaining, 'ratelimit-reset': resetS })
}
