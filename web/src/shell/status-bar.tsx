/**
 * One slim bar for what is not well: the session is over, there is no network, or the live connection is lost; it says what
 * still works. When all is well, for an address that waits to be confirmed. It lies over the page's margin, so that nothing moves when it comes.
 */
import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { FeedState } from '../../../client/plinth.ts'
import { endedWords } from '../session/ended-words.ts'
import { useSession } from '../session/session.ts'
import { useReturnHere } from '../session/sign-in-link.ts'
import { announce } from '../toasts/announcer.tsx'
import { useAddressNotice } from './address-notice.ts'
import { useConnectionTrouble } from './connection-trouble.ts'
import { useFeedInSight } from './feed-in-sight.ts'
import classes from './status-bar.module.css'

const troubleWords = {
  offline: 'You are offline. What was loaded stays readable; changes cannot be saved.',
  reconnecting: 'Connection lost, trying again. What was loaded stays readable; it may be out of date.',
}
/** On a page that follows something live and keeps what is written until it can be sent. */
const feedWords = {
  offline: 'You are offline. What you add waits here and is sent when you are back.',
  reconnecting: 'Connection lost, trying again. What you add waits here and is sent when it is back.',
  polling: 'This network lets no live connection through: changes by others arrive every few seconds.',
}

export function StatusBar({ isBare }: { isBare: boolean }) {
  const session = useSession()
  const returnHere = useReturnHere()
  const trouble = useConnectionTrouble(session.state === 'signed-in')
  const feed = useFeedInSight()
  const address = useAddressNotice()
  const hasEnded = session.state === 'ended' && !isBare
  const words = hasEnded ? `${endedWords[session.reason]} What was loaded stays readable.` : wordsFor(trouble, feed)

  useEffect(() => {
    if (words) announce(words)
  }, [words])

  if (!words) return address && !isBare ? <AddressBar {...address} /> : null
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

function AddressBar({ email, isSending, sendAgain, putOff }: NonNullable<ReturnType<typeof useAddressNotice>>) {
  return (
    <aside className={classes.bar} aria-label="Status" data-quiet>
      <span>Confirm your address: we sent a mail to {email}.</span>
      <span className={classes.actions}>
        <Button size="compact-sm" variant="subtle" loading={isSending} onClick={sendAgain}>
          Send again
        </Button>
        <Button size="compact-sm" variant="subtle" onClick={putOff}>
          Not now
        </Button>
      </span>
    </aside>
  )
}

function wordsFor(trouble: ReturnType<typeof useConnectionTrouble>, feed: FeedState | null): string | null {
  if (!feed || feed === 'ended') return trouble && troubleWords[trouble]
  if (trouble === 'offline') return feedWords.offline
  if (feed === 'polling') return feedWords.polling
  // Live by another way than the socket.
  if (feed === 'live') return null
  return trouble && feedWords[trouble]
}
