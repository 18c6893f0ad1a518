/** Calls that the server refuses for their access token alone are made again, once, with a new one: they took no effect. */
import { TRPCClientError, type TRPCLink } from '@trpc/client'
import { observable } from '@trpc/server/observable'
import type { AppRouter } from '../server/router.ts'
import { errorCode } from './errors.ts'
import type { Tokens } from './tokens.ts'

/** Where somebody signs in, their tokens come from; what they have until then is no help there. */
const isSignIn = (path: string) => path.startsWith('auth.')
const browserSignIns = new Set(['auth.signIn', 'auth.signUp'])
const programSignIns = new Set(['auth.login', 'auth.register'])

/** What a call of `path` goes with. */
export const headersFor = async (tokens: Tokens, path: string) => (isSignIn(path) ? {} : tokens.headers())

export function renewing(tokens: Tokens, isProgram: boolean): TRPCLink<AppRouter> {
  const signIns = isProgram ? programSignIns : browserSignIns
  return () =>
    ({ op, next }) =>
      observable((observer) => {
        let isOpen = true
        let call = { unsubscribe() {} }
        const attempt = (mayRenew: boolean) => {
          const used = tokens.current
          call = next(op).subscribe({
            next(value) {
              const answer = 'data' in value.result ? (value.result.data as object | null) : null
              if (answer && signIns.has(op.path)) tokens.signedIn(answer)
              observer.next(value)
            },
            error(error) {
              if (!mayRenew || isSignIn(op.path)) return observer.error(error)
              tokens.renewAfter(used, errorCode(error)).then(
                (isRenewed) => isOpen && (isRenewed ? attempt(false) : observer.error(error)),
                (failure) => isOpen && observer.error(TRPCClientError.from(failure)),
              )
            },
            complete: () => observer.complete(),
          })
        }
        attempt(true)
        return () => {
          isOpen = false
          call.unsubscribe()
        }
      })
}
