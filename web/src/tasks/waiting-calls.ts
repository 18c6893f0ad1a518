/** What this person has asked for with their tasks and the server has not confirmed: written down in the outbox, which sends it. */
import { useSyncExternalStore } from 'react'
import type { OutboxEntry } from '../../../client/outbox.ts'
import type { queuedOffline } from '../../../shared/offline.ts'
import { outbox } from '../offline/outbox.ts'
import type { WaitingCall } from './shown-tasks.ts'
import type { TaskAction } from './task-state.ts'

type TaskPath = Extract<(typeof queuedOffline)[number], `tasks.${string}`>
export type TaskEntry = OutboxEntry<TaskPath>

const isOfTasks = <Entry extends { path: string }>(entry: Entry): entry is Extract<Entry, { path: TaskPath }> =>
  entry.path.startsWith('tasks.')

interface TaskEntries {
  of: unknown
  /** In the order in which they were made; those that were refused are not among them. */
  waiting: WaitingCall[]
  refused: TaskEntry[]
}

let known: TaskEntries = { of: null, waiting: [], refused: [] }

/** The same until something changes. */
function taskEntries(): TaskEntries {
  const { entries } = outbox
  if (known.of === entries) return known
  const ofTasks = entries.filter(isOfTasks)
  const refused = ofTasks.filter(({ state }) => state === 'refused')
  const waiting = ofTasks.flatMap(({ state, path, input, queuedAt }) =>
    state === 'refused' ? [] : [{ path, input, at: queuedAt } as WaitingCall],
  )
  // Other entries come and go without a change in these.
  const isSame = ofTasks.length === 0 && known.waiting.length === 0 && known.refused.length === 0
  known = isSame ? { ...known, of: entries } : { of: entries, waiting, refused }
  return known
}

export const waitingCalls = () => taskEntries().waiting
const refusedEntries = () => taskEntries().refused

export const useWaitingCalls = () => useSyncExternalStore(outbox.onChange, waitingCalls)
export const useRefusedEntries = () => useSyncExternalStore(outbox.onChange, refusedEntries)

/** Calls back with each answer as it is to be taken, before its call waits no more. Returns how to stop. */
export const onTaskAnswer = (listener: (answer: TaskAction) => void) =>
  outbox.onAnswer((answered) => {
    if (!isOfTasks(answered)) return
    if (answered.path === 'tasks.delete') listener({ type: 'delete-answered', taskId: answered.input.taskId })
    else listener({ type: 'answer', task: answered.answer })
  })
