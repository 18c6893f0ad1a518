/**
 * Where the link of a mail leads to confirm an address. A button does it, not the opening of the page: scanners open the links
 * of mails, some of them in a browser, and would confirm an address for whoever typed it in.
 */
import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { errorCode } from '../../../client/plinth.ts'
import { useResendVerification } from '../account/use-resend-verification.ts'
import { FormFailure } from '../failure/form-failure.tsx'
import { trpc } from '../plinth.ts'
import { lookForSession, useSession } from '../session/session.ts'
import { EntryCard } from './entry-card.tsx'
import { forgetLinkToken, useLinkToken } from './link-token.ts'

export function VerifyEmailPage() {
  const token = useLinkToken('/verify-email')
  const confirm = useMutation({
    ...trpc.auth.verifyEmail.mutationOptions(),
    onSuccess: () => {
      forgetLinkToken()
      // Whoever is signed in here is shown as confirmed from now on.
      void lookForSession()
    },
    onError: (error) => {
      if (errorCode(error) !== 'ONE_TIME_TOKEN_INVALID') return
      forgetLinkToken()
      // Perhaps it was this very browser that spent it, and the answer was lost.
      void lookForSession()
    },
  })
  // A newer link was opened: what became of the one before is no news any more.
  const { reset: forgetOutcome } = confirm
  useEffect(() => {
    if (token) forgetOutcome()
  }, [token, forgetOutcome])

  if (confirm.isSuccess)
    return (
      <EntryCard title="Your address is confirmed" lead="Thank you. From now on we can reach you there, and only you.">
        <Onward />
      </EntryCard>
    )
  if (!token) return <NoLink wasRefused={confirm.isError} />
  return (
    <EntryCard
      title="Confirm your address"
      lead="You opened the link that we sent to you. Press the button if it was you who signed up with this address."
    >
      <FormFailure title="The address was not confirmed" error={confirm.error} />
      <Button size="md" fullWidth loading={confirm.isPending} onClick={() => confirm.mutate({ token })}>
        Confirm this address
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
