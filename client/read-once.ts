/** The feed of a caller who may read a list but not follow it: one snapshot, with which it ends. */
import { toPlinthError } from './errors.ts'
import type { Feed, FeedState, LiveOptions } from './live-options.ts'

export function readOnce<Snapshot extends { cursor: string }, Event extends { type: string; seq: number }>({
  snapshot,
  onSnapshot,
  onState,
  onError,
}: LiveOptions<Snapshot, Event>): Feed {
  let state: FeedState = 'connecting'
  const close = () => {
    if (state === 'ended') return
    state = 'ended'
    onState?.(state)
  }
  const read = async () => {
    try {
      const answer = await snapshot()
      if (state !== 'ended') onSnapshot(answer)
    } catch (error) {
      if (state !== 'ended') onError?.(toPlinthError(error))
    }
    close()
  }
  // As a live feed does, so that its holder has it before the first call.
  queueMicrotask(() => void (state === 'ended' || read()))
  return {
    get state() {
      return state
    },
    transport: null,
    close,
  }
}
