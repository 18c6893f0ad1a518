/**
 * Mutations take effect once, also where the answer to one is lost: each travels with a key, alone in its request, and is sent
 * again under the same key while the failure is a passing one. A call that names what it makes by itself, such as
 * `drafts.append` with its segment id, may do without: `{ context: { idempotencyKey: null } }`. A caller that wants
 * to go on after a restart of its own gives a key that it has written down. A hint, which is worth nothing later, is sent
 * once: `{ context: { hint: true } }`; so is a call of somebody who tries again by themselves: `{ context: { once: true } }`.
 */
import { httpLink, retryLink, TRPCClientError, type TRPCLink } from '@trpc/client'
import { observable } from '@trpc/server/observable'
import type { AppRouter } from '../server/router.ts'
import { errorCode, isPassing } from './errors.ts'
import { headerNaming } from './page-person.ts'

/** In all; the waits between add up to three to six seconds, after which a person wants to know. */
const tries = 5

type HttpOptions = Pick<Parameters<typeof httpLink<AppRouter>>[0], 'fetch'> & {
  url: string
  headers: () => Record<string, string>
  /** Asked for at each try. */
  credentials: (path: string) => Promise<Record<string, string>>
  /** Makes a call again whose credential had run out. */
  renew: TRPCLink<AppRouter>
  /** See `PlinthOptions`. */
  pace: number
}

export function mutationLinks({ url, headers, credentials, renew, fetch, pace }: HttpOptions): TRPCLink<AppRouter>[] {
  return [
    oncePerCall(headers),
    retryLink({
      retry: ({ op, error, attempts }) =>
        attempts < tries &&
        op.context.hint !== true &&
        op.context.once !== true &&
        !op.signal?.aborted &&
        globalThis.navigator?.onLine !== false &&
        isPassing(errorCode(error)),
      retryDelayMs: (attempt) => pace * 200 * 2 ** attempt * (0.5 + Math.random() / 2),
    }),
    renew,
    httpLink({
      url,
      headers: async ({ op }) => {
        const { idempotencyKey: key, headers } = op.context as CallContext
        return { ...headers, ...(await credentials(op.path)), ...(key !== null && { 'idempotency-key': key }) }
      },
      fetch,
    }),
  ]
}

type CallContext = { idempotencyKey: string | null; headers: Record<string, string> }

/**
 * Its key, its end when the caller gives it up, also between two tries, and whom its page shows: by the time that it is sent again that may
 * be somebody else. What was written down for somebody earlier names them: `{ context: { personId } }`.
 */
const oncePerCall =
  (headers: () => Record<string, string>): TRPCLink<AppRouter> =>
  () =>
  ({ op, next }) =>
    observable((observer) => {
      const { idempotencyKey = newKey(), personId } = op.context
      const meantFor = typeof personId === 'string' ? headerNaming(personId) : {}
      const context = { ...op.context, idempotencyKey, headers: { ...headers(), ...meantFor } }
      const call = next({ ...op, context }).subscribe(observer)
      const giveUp = () => observer.error(TRPCClientError.from(op.signal?.reason))
      op.signal?.addEventListener('abort', giveUp, { once: true })
      return () => {
        op.signal?.removeEventListener('abort', giveUp)
        call.unsubscribe()
      }
    })

/** 128 random bits. Not `randomUUID`, which a page on plain http does not have. */
export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
