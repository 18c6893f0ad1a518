/** Asks a user without names for them, after a sign-in: an account that was taken back lost the names of the user who registered it. */
import { Button, Skeleton } from '@mantine/core'
import { useRouter } from '@tanstack/react-router'
import { hasNoNames, type Person } from '../../../shared/account.ts'
import { NameForm } from '../account/profile/name-form.tsx'
import { UsernameForm } from '../account/profile/username-form.tsx'
import { LoadFailure } from '../failure/load-failure.tsx'
import { LeadToSignIn } from '../session/lead-to-sign-in.ts'
import { useSession } from '../session/session.ts'
import classes from './entry-card.module.css'
import { EntryCard } from './entry-card.tsx'
import { useReturnTo } from './sign-in-search.ts'

export function ChooseNamesPage() {
  const session = useSession()
  if (session.state === 'signed-out') return <LeadToSignIn />
  return (
    <EntryCard
      title="Choose your names"
      lead="Other users see your display name, and find you by your username. You can change both on the account page."
    >
      {session.state === 'unreachable' ? (
        <LoadFailure error={session.error} isRetrying={session.isFetching} onRetry={session.refetch} />
      ) : 'person' in session ? (
        <Names person={session.person} isReadOnly={session.state !== 'signed-in'} />
      ) : (
        <div className="late" aria-hidden>
          <Skeleton h="4rem" />
          <Skeleton h="4rem" mt="lg" />
        </div>
      )}
    </EntryCard>
  )
}

function Names({ person, isReadOnly }: { person: Person; isReadOnly: boolean }) {
  const router = useRouter()
  const { returnTo } = useReturnTo()
  return (
    <div className={classes.names}>
      <NameForm person={person} isReadOnly={isReadOnly} />
      <UsernameForm person={person} isReadOnly={isReadOnly} />
      <Button
        size="md"
        fullWidth
        variant={hasNoNames(person) ? 'default' : 'filled'}
        onClick={() => router.history.replace(returnTo)}
      >
        {hasNoNames(person) ? 'Not now' : 'Continue'}
      </Button>
    </div>
  )
}
