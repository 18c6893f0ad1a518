import { Anchor, Button, Skeleton } from '@mantine/core'
import { IconBrandGoogleFilled } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { LoadFailure } from '../failure/load-failure.tsx'
import { endedWords } from '../session/ended-words.ts'
import { useSession } from '../session/session.ts'
import { LeftBehindNote } from '../unsent/left-behind-note.tsx'
import classes from './entry-card.module.css'
import { EntryCard } from './entry-card.tsx'
import { PasswordForm } from './password-form.tsx'
import { methodsQuery, useReturnTo } from './sign-in-search.ts'
import { useEnter } from './use-enter.ts'
import { useFailedAttempt } from './use-failed-attempt.ts'

export function SignInPage() {
  useFailedAttempt()
  const session = useSession()
  // First the failed attempt is told and taken out of the address.
  const { isEntering } = useEnter(useSearch({ from: '/sign-in' }).error !== undefined)
  const { returnTo, onTheWay } = useReturnTo()
  // Until the server has said, its place is kept; and where it does not say, this may work all the same.
  const { data } = useQuery(methodsQuery)
  const hasPasswords = data?.password ?? true
  const hasProvider = data ? data.methods.length > 0 : true
  const isWaiting = session.state === 'loading' || isEntering

  return (
    <EntryCard
      title="Sign in"
      heading="Sign in to Plinth"
      lead={
        <>
          {'reason' in session && session.reason && `${endedWords[session.reason]} `}
          {returnTo === '/' ? 'Use the account that your team knows you by.' : 'You will come back to where you were.'}
        </>
      }
      foot={
        hasPasswords && (
          <p>
            New here?{' '}
            <Anchor renderRoot={(props) => <Link to="/register" search={onTheWay} {...props} />}>
              Create an account
            </Anchor>
          </p>
        )
      }
    >
      <LeftBehindNote />
      {isWaiting ? <MethodSkeleton /> : <Methods returnTo={returnTo} />}
      {hasPasswords && (
        <div className={session.state === 'loading' ? classes.kept : undefined}>
          {hasProvider && <div className={classes.or}>or</div>}
          <PasswordForm isShown={session.state !== 'loading'} />
        </div>
      )}
    </EntryCard>
  )
}

function Methods({ returnTo }: { returnTo: string }) {
  const { data, error, isFetching, refetch } = useQuery(methodsQuery)
  if (error && !data) return <LoadFailure error={error} isRetrying={isFetching} onRetry={refetch} />
  if (!data) return <MethodSkeleton />
  return (
    <>
      {data.methods.map(({ provider, name, path }) => (
        <Button
          key={provider}
          component="a"
          href={`${path}?${new URLSearchParams({ returnTo })}`}
          variant="default"
          fullWidth
          size="md"
          leftSection={<IconBrandGoogleFilled size="1.125rem" aria-hidden />}
        >
          Sign in with {name}
        </Button>
      ))}
      {data.methods.length > 0 && (
        <p className={classes.note}>Plinth learns your name, e-mail address and picture, and nothing else.</p>
      )}
    </>
  )
}

function MethodSkeleton() {
  return (
    <div className="late" aria-hidden>
      <Skeleton h="2.625rem" />
      <Skeleton h="2.5rem" mt="xs" />
    </div>
  )
}
