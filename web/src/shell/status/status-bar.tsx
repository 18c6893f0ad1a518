/**
 * One slim bar for what is not well: the session is over, there is no network, or the live connection is lost; it says what
 * still works. When all is well, for an address that waits to be confirmed. It lies over the page's margin, so that nothing moves when it comes.
 */
import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { FeedState } from '../../../../client/plinth.ts'
import { refusedWords, waitingWords } from '../../offline/entry-words.ts'
import { useWaiting } from '../../offline/use-waiting.ts'
import { endedWords } from '../../session/ended-words.ts'
import { useSession } from '../../session/session.ts'
import { useReturnHere } from '../../session/sign-in-link.ts'
import { announce } from '../../toasts/announcer.tsx'
import { useAddressNotice } from '../address-notice.ts'
import { useLazyDialog } from '../use-lazy-dialog.ts'
import { useConnectionTrouble } from './connection-trouble.ts'
import { useFeedInSight } from './feed-in-sight.ts'
import classes from './status-bar.module.css'

const troubleWords = {
  offline:
    'You are offline. What was loaded stays readable; tasks and messages that you write are sent when you are back.',
  reconnecting: 'Connection lost, trying again. What was loaded stays readable; it may be out of date.',
}
const whereIsWhat = {
  offline: 'You are offline. What was loaded stays readable.',
  reconnecting: troubleWords.reconnecting,
}
/** On a page that follows something live and keeps what is written until it can be sent. */
const feedWords = {
  offline: 'You are offline. What you add waits here and is sent when you are back.',
  reconnecting: 'Connection lost, trying again. What you add waits here and is sent when it is back.',
  polling: 'This network lets no live connection through: changes by others arrive every few seconds.',
}

type Trouble = ReturnType<typeof useConnectionTrouble>

const loadOutbox = async () => (await import('../../offline/outbox-dialog.tsx')).OutboxDialog

export function StatusBar({ isBare }: { isBare: boolean }) {
  const session = useSession()
  const returnHere = useReturnHere()
  const trouble = useConnectionTrouble(session.state === 'signed-in')
  const feed = useFeedInSight()
  const address = useAddressNotice()
  const hasEnded = session.state === 'ended' && !isBare
  const { waiting, refused, isFleeting } = useWaiting(trouble !== null || hasEnded)
  const outbox = useLazyDialog(loadOutbox, 'The list of changes could not be opened')
  const isShown = 'person' in session && !isBare && waiting + refused > 0
  const counted = isShown
    ? [
        waiting && waitingWords(waiting),
        isFleeting && 'Keep this page open until then.',
        refused && refusedWords(refused),
      ]
    : []
  const state = hasEnded
    ? `${endedWords[session.reason]} What was loaded stays readable.`
    : (wordsFor(trouble, feed, waiting > 0) ?? leftWords(session, isBare))
  const isQuiet = !trouble && session.state === 'signed-out' && session.reason === 'signed-out'
  const words = [state, ...counted].filter(Boolean).join(' ')

  // Not how many wait: that would be said with every word that is written.
  useEffect(() => {
    if (state) announce(state)
  }, [state])
  useEffect(() => {
    if (refused > 0) announce(refusedWords(refused))
  }, [refused])

  const bar = words ? (
    <aside className={classes.bar} aria-label="Status" data-quiet={isQuiet || undefined}>
      <span>{words}</span>
      {(isShown || hasEnded) && (
        <span className={classes.actions}>
          {isShown && (
            <Button
              size="compact-sm"
              variant="subtle"
              color="dark"
              onMouseEnter={outbox.prefetch}
              onClick={outbox.open}
            >
              Show changes
            </Button>
          )}
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
        </span>
      )}
    </aside>
  ) : (
    address && !isBare && <AddressBar {...address} />
  )
  return (
    <>
      {bar}
      {outbox.Dialog && <outbox.Dialog {...outbox.state} />}
    </>
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

/** Why a page that needs no sign-in, such as Home, has changed. Sign-in pages say it themselves. */
const leftWords = (session: ReturnType<typeof useSession>, isBare: boolean) =>
  session.state === 'signed-out' && session.reason && !isBare ? endedWords[session.reason] : null

function wordsFor(trouble: Trouble, feed: FeedState | null, isWaiting: boolean): string | null {
  if (!feed || feed === 'ended' || (trouble && isWaiting))
    return trouble && (isWaiting ? whereIsWhat : troubleWords)[trouble]
  if (trouble === 'offline') return feedWords.offline
  if (feed === 'polling') return feedWords.polling
  // Live by another way than the socket.
  if (feed === 'live') return null
  return trouble && feedWords[trouble]
}
