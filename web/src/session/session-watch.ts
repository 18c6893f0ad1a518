/**
 * Hears from the server and from the other tabs when this session ends. However the stream stops, the server is asked who is signed in: the
 * browser may hold a newer session, for which the stream begins anew.
 */
import { useEffect, useState } from 'react'
import { plinth } from '../plinth.ts'
import { endSession, hearOtherTab, lookForSession, useSession } from './session.ts'

const longestPauseMs = 60_000
// The server ends the old session a moment before the browser gets the new cookie.
const newCookieMs = 800

export function useSessionWatch() {
  const session = useSession()
  const personId = session.state === 'signed-in' ? session.person.id : null
  const [attempt, setAttempt] = useState(0)

  useEffect(() => plinth.onOtherTab((news) => void hearOtherTab(news)), [])

  useEffect(() => {
    if (!personId) return
    let timer: ReturnType<typeof setTimeout> | undefined
    let settled = false

    const lookAfter = (pauseMs: number) => {
      if (settled) return
      settled = true
      timer = setTimeout(async () => {
        // Failing to look is no answer either: the next stream will tell.
        await lookForSession()
        setAttempt((count) => count + 1)
      }, pauseMs)
    }
    const beganMs = Date.now()
    const lookSoon = () => {
      const lasted = Date.now() - beganMs > longestPauseMs
      lookAfter(lasted ? newCookieMs : Math.min(newCookieMs * 2 ** Math.min(attempt, 8), longestPauseMs))
    }
    const stream = plinth.account.onSessionEnded.subscribe(undefined, {
      onData: ({ reason }) => {
        if (reason === 'replaced') return lookAfter(newCookieMs)
        settled = true
        void endSession(reason)
      },
      onError: lookSoon,
      onComplete: lookSoon,
    })
    return () => {
      settled = true
      clearTimeout(timer)
      stream.unsubscribe()
    }
  }, [personId, attempt])
}
