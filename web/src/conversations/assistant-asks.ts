/**
 * Has the assistant answer, for whichever page shows the conversation. Several tabs may want to at once; one asks, and that
 * somebody was quicker is no failure.
 */
import { errorCode, type PlinthError, toPlinthError } from '../../../client/plinth.ts'
import { lookAgain, plinth, queryClient } from '../plinth.ts'
import { assistantQuery } from './conversation-queries.ts'

export type AskNews = { type: 'asking' } | { type: 'not-asked'; failure: PlinthError | null }

const listeners = new Map<string, Set<(news: AskNews) => void>>()

/** Returns how to stop. */
export function onAsk(conversationId: string, listener: (news: AskNews) => void): () => void {
  const those = listeners.get(conversationId) ?? new Set()
  listeners.set(conversationId, those.add(listener))
  return () => those.delete(listener)
}

const tell = (conversationId: string, news: AskNews) => {
  for (const listener of listeners.get(conversationId) ?? []) listener(news)
}

/** Somebody else asked, or the answer came before. */
const quicker = new Set(['ANSWER_UNDER_WAY', 'NOTHING_TO_ANSWER'])

export async function askAssistant(conversationId: string): Promise<void> {
  tell(conversationId, { type: 'asking' })
  try {
    const isMine = await inOneTab(conversationId, () => plinth.conversations.answer.ask.mutate({ conversationId }))
    if (!isMine) tell(conversationId, { type: 'not-asked', failure: null })
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ASSISTANT_OFF') void queryClient.invalidateQueries({ queryKey: assistantQuery.queryKey })
    lookAgain(error)
    tell(conversationId, { type: 'not-asked', failure: quicker.has(code) ? null : toPlinthError(error) })
  }
}

export const hasAssistant = () =>
  queryClient.fetchQuery(assistantQuery).then(
    ({ available }) => available,
    () => false,
  )

/** Whether it was this one. */
async function inOneTab(conversationId: string, ask: () => Promise<unknown>): Promise<boolean> {
  // Absent on plain-http pages off this machine: then the server says who was second.
  const locks = globalThis.navigator?.locks as LockManager | undefined
  if (!locks) return ask().then(() => true)
  return locks.request(`plinth:ask:${conversationId}`, { ifAvailable: true }, async (lock) => {
    if (lock) await ask()
    return lock !== null
  })
}
