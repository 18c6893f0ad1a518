/**
 * Where the link of a mail leads to confirm an address. A button does it, not the opening of the page: scanners open the links
 * of mails, some of them in a browser. And the button is not enough: whoever reads the mail shows that they registered, or takes
 * the address back from whoever did.
 */
import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { errorCode } from '../../../../client/plinth.ts'
import { useResendVerification } from '../../account/profile/use-resend-verification.ts'
import { LoadFailure } from '../../failure/load-failure.tsx'
import { plinth } from '../../plinth.ts'
import { lookForSession, useSession } from '../../session/session.ts'
import { ConfirmAccount } from '../confirm-account.tsx'
import { EntryCard } from '../entry-card.tsx'
import { forgetLinkToken, useLinkToken } from './link-token.ts'

export type Outcome = 'confirmed' | 'reclaimed' | 'refused'

export function VerifyEmailPage() {
  const token = useLinkToken('/verify-email')
  const [outcome, setOutcome] = useState<Outcome | null>(null)
  // A newer link was opened: what became of the one before is no news any more.
  useEffect(() => {
    if (token) setOutcome(null)
  }, [token])
  const end = (as: Outcome) => {
    setOutcome(as)
    forgetLinkToken()
    // Whoever is signed in here is shown as confirmed from now on, or as signed out. Where the link was refused, perhaps it was this
    // very browser that used it, and the answer was lost.
    void lookForSession()
  }

  if (token) return <OfLink key={token} token={token} onEnd={end} />
  if (outcome === 'confirmed')
    return (
      <EntryCard title="Your address is confirmed" lead="Thank you. We now know that this address is yours.">
        <Onward />
      </EntryCard>
    )
  if (outcome === 'reclaimed') return <Reclaimed />
  return <NoLink wasRefused={outcome === 'refused'} />
}

function OfLink({ token, onEnd }: { token: string; onEnd: (as: Outcome) => void }) {
  const session = useSession()
  const personId = session.state === 'signed-in' ? session.person.id : null
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['verification', token, personId],
    queryFn: () => plinth.auth.findVerification.mutate({ token }),
    // What it takes depends on who is signed in.
    enabled: session.state !== 'loading',
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  })
  const isInvalid = errorCode(error) === 'ONE_TIME_TOKEN_INVALID'
  useEffect(() => {
    if (isInvalid) onEnd('refused')
  })
  if (data) return <ConfirmAccount token={token} account={data} onEnd={onEnd} onChanged={() => void refetch()} />
  return (
    <EntryCard title="Confirm your address">
      {error && !isInvalid ? (
        <LoadFailure error={error} isRetrying={isFetching} onRetry={() => void refetch()} />
      ) : (
        <div className="late" aria-hidden>
          <Skeleton h="3rem" />
          <Skeleton h="2.625rem" mt="xl" />
        </div>
      )}
    </EntryCard>
  )
}

function Reclaimed() {
  return (
    <EntryCard
      title="The address is yours again"
      lead="The user who registered the account cannot sign in to it any more, and their names are removed from it. Sign in with Google, or set a password by a link that we send to you. Then choose your names."
    >
      <Button size="md" fullWidth renderRoot={(props) => <Link to="/sign-in" {...props} />}>
        Sign in
      </Button>
      <Button
        size="md"
        fullWidth
        mt="sm"
        variant="default"
        renderRoot={(props) => <Link to="/forgot-password" {...props} />}
      >
        Set a password
      </Button>
    </EntryCard>
  )
}

function Onward() {
  const isSignedIn = useSession().state === 'signed-in'
  return (
    <Button size="md" fullWidth renderRoot={(props) => <Link to={isSignedIn ? '/' : '/sign-in'} {...props} />}>
      {isSignedIn ? 'Go to Plinth' : 'Sign in'}
    </Button>
  )
}

function NoLink({ wasRefused }: { wasRefused: boolean }) {
  const session = useSession()
  const person = session.state === 'signed-in' ? session.person : null
  const resend = useResendVerification()
  if (person?.emailVerified)
    return (
      <EntryCard title="Your address is confirmed" lead="There is nothing more to do.">
        <Onward />
      </EntryCard>
    )
  return (
    <EntryCard
      title={wasRefused ? 'This link does not work any more' : 'Open the link in your mail'}
      lead={
        wasRefused
          ? 'It works once, within a day, and only the newest one does. If you confirmed the address already, all is well.'
          : 'This page confirms your address, and needs the link in the mail for it. Open it again, or ask for a new one.'
      }
    >
      {person?.email ? (
        <Button
          size="md"
          fullWidth
          loading={resend.isPending}
          onClick={() => resend.mutate({ email: person.email ?? '' })}
        >
          Send a new link
        </Button>
      ) : (
        <>
          <p>Sign in to have a new link sent to you.</p>
          <Onward />
        </>
      )}
    </EntryCard>
  )
}
