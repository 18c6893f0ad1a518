import { useEffect, useMemo, useState } from 'react'
import { useFollowed } from '../live/followed.ts'
import { LiveTasks } from './live-tasks.ts'
import { type ShownTasks, shownTasks } from './shown-tasks.ts'
import type { Show } from './task-state.ts'
import { useWaitingCalls } from './waiting-calls.ts'

/** Follows the list while `isSignedIn`; afterwards what was loaded stays. Another person: another `key`. */
export function useTasks(meId: string, show: Show, isSignedIn: boolean) {
  const [live] = useState(() => new LiveTasks(meId, show))
  const now = useFollowed(live, isSignedIn)
  const waiting = useWaitingCalls()
  useEffect(() => live.look(show), [live, show])
  const isMissing = now.reach[show] === null
  const isFollowed = now.feed === 'live' || now.feed === 'polling'
  // biome-ignore lint/correctness/useExhaustiveDependencies: of each that is looked at.
  useEffect(() => {
    if (isMissing && isFollowed) void live.loadMore()
  }, [isMissing, isFollowed, live, show])
  const { tasks, gone, reach, isCountOld } = now
  const state = useMemo(() => ({ tasks, gone, reach, isCountOld }), [tasks, gone, reach, isCountOld])
  const shown: ShownTasks | null = useMemo(() => shownTasks(state, waiting, show), [state, waiting, show])
  return { live, now, state, waiting, shown, isFollowed }
}
