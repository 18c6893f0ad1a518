/**
 * A room as a tRPC subscription, which is what makes its follower present in it. Yields the whole list, first of all and after
 * each change; untracked, for there is nothing to resume.
 */
import type { Present } from '../../../shared/presence.ts'
import { AppError } from '../errors/app-error.ts'
import type { AccessWatch, Follower, LossCode } from '../live/access-watch.ts'
import type { Presence } from './presence.ts'

interface Options extends Omit<Follower, 'channel'> {
  access: AccessWatch
  signal: AbortSignal | undefined
}

/** Whoever calls this has authorised. @throws AppError when the follower is no longer allowed; that ends the stream for good */
export async function* followPresence(
  presence: Presence,
  room: string,
  { access, signal, ...follower }: Options,
): AsyncGenerator<readonly Present[]> {
  if (signal?.aborted) return
  const seat = presence.enter(room, follower.userId)
  let lost: LossCode | null = null as LossCode | null
  let wake = () => {}
  const onAbort = () => {
    seat.leave('left')
    wake()
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  const forget = seat.room.onChange(() => wake())
  const unwatch = access.add({ channel: room, ...follower }, (code) => {
    lost = code
    wake()
  })
  try {
    await seat.ready
    let told: readonly Present[] | null = null
    while (!signal?.aborted && lost === null) {
      const { present } = seat.room
      if (present !== null && present !== told) {
        told = present
        yield present
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
    if (lost !== null) throw new AppError(lost)
  } finally {
    signal?.removeEventListener('abort', onAbort)
    forget()
    unwatch()
    seat.leave(lost === null ? 'left' : 'gone')
  }
}
