/**
 * One slim bar for what is not well: the session is over, there is no network, or the live connection is lost. It says
 * what still works. It lies over the page's margin, so that nothing moves when it comes.
 */
import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { endedWords } from '../session/ended-words.ts'
import { useSession } from '../session/session.ts'
import { useReturnHere } from '../session/sign-in-link.ts'
import { announce } from '../toasts/announcer.tsx'
import { useConnectionTrouble } from './connection-trouble.ts'
import classes from './status-bar.module.css'

const troubleWords = {
  offline: 'You are offline. What was loaded stays readable; changes cannot be saved.',
  reconnecting: 'Connection lost, trying again. What was loaded stays readable; it may be out of date.',
}

export function StatusBar({ isBare }: { isBare: boolean }) {
  const session = useSession()
  const returnHere = useReturnHere()
  const trouble = useConnectionTrouble(session.state === 'signed-in')
  const hasEnded = session.state === 'ended' && !isBare
  const words = hasEnded
    ? `${endedWords[session.reason]} What was loaded stays readable.`
    : trouble && troubleWords[trouble]

  useEffect(() => {
    if (words) announce(words)
  }, [words])

  if (!words) return null
  return (
    <aside className={classes.bar} aria-label="Status">
      <span>{words}</span>
      {hasEnded && (
        <Button
          size="compact-sm"
          color="dark"
          autoContrast
          renderRoot={(props) => <Link to="/sign-in" search={returnHere} {...props} />}
        >
          Sign in again
        </Button>
      )}
    </aside>
  )
}
