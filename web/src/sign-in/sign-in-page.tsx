import { Button, Skeleton, Text } from '@mantine/core'
import { IconBrandGoogleFilled } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useRouter, useSearch } from '@tanstack/react-router'
import { useEffect } from 'react'
import { LoadFailure } from '../failure/load-failure.tsx'
import { Page } from '../page/page.tsx'
import { endedWords } from '../session/ended-words.ts'
import { useSession } from '../session/session.ts'
import { safeReturnTo } from '../session/sign-in-link.ts'
import { BrandMark } from '../shell/brand.tsx'
import classes from './sign-in-page.module.css'
import { methodsQuery } from './sign-in-search.ts'
import { useFailedAttempt } from './use-failed-attempt.ts'

export function SignInPage() {
  useFailedAttempt()
  const router = useRouter()
  const session = useSession()
  const { returnTo: wanted, error } = useSearch({ from: '/sign-in' })
  const returnTo = safeReturnTo(wanted)
  const isSignedIn = session.state === 'signed-in'

  useEffect(() => {
    // First the failed attempt is told and taken out of the address.
    if (isSignedIn && !error) router.history.replace(returnTo)
  }, [isSignedIn, error, returnTo, router])

  return (
    <div className={classes.card}>
      <BrandMark size="3rem" />
      <Page title="Sign in" heading="Sign in to Plinth">
        <Text c="dimmed" className={classes.lead}>
          {session.state === 'ended' && `${endedWords[session.reason]} `}
          {returnTo === '/' ? 'Use the account that your team knows you by.' : 'You will come back to where you were.'}
        </Text>
        {session.state === 'loading' || isSignedIn ? <MethodSkeleton /> : <Methods returnTo={returnTo} />}
      </Page>
    </div>
  )
}

function Methods({ returnTo }: { returnTo: string }) {
  const { data, error, isFetching, refetch } = useQuery(methodsQuery)
  if (error && !data) return <LoadFailure error={error} isRetrying={isFetching} onRetry={refetch} />
  if (!data) return <MethodSkeleton />
  if (data.methods.length === 0)
    return <Text>This server offers no way to sign in yet. Whoever runs it can set one up.</Text>
  return (
    <>
      {data.methods.map(({ provider, name, path }) => (
        <Button
          key={provider}
          component="a"
          href={`${path}?${new URLSearchParams({ returnTo })}`}
          fullWidth
          size="md"
          leftSection={<IconBrandGoogleFilled size="1.125rem" aria-hidden />}
        >
          Sign in with {name}
        </Button>
      ))}
      <Text c="dimmed" fz="sm" mt="md">
        Plinth learns your name, e-mail address and picture, and nothing else.
      </Text>
    </>
  )
}

function MethodSkeleton() {
  return (
    <div className="late" aria-hidden>
      <Skeleton h="2.625rem" />
      <Skeleton h="0.875rem" mt="md" />
    </div>
  )
}
