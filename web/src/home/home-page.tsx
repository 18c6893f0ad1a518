import { Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import { Link, useLoaderData } from '@tanstack/react-router'
import { LoadFailure } from '../failure/load-failure.tsx'
import { Page } from '../page/page.tsx'
import { useSession } from '../session/session.ts'
import { AccountGlance } from './account-glance.tsx'

export function HomePage() {
  const sections = useLoaderData({ from: '/' })
  const session = useSession()
  if (session.state === 'signed-out') return <Welcome />
  return (
    <Page title="Home" heading={<Greeting />}>
      {session.state === 'unreachable' ? (
        <LoadFailure error={session.error} isRetrying={session.isFetching} onRetry={session.refetch} />
      ) : (
        <Stack gap="lg">
          {sections.map((HomeSection) => (
            <HomeSection key={HomeSection.name} />
          ))}
          <AccountGlance />
        </Stack>
      )}
    </Page>
  )
}

function Greeting() {
  const session = useSession()
  if (session.state === 'unreachable') return 'Home'
  if (session.state === 'loading' || session.state === 'signed-out')
    return (
      <span className="late">
        <Skeleton component="span" display="block" h="2.25rem" w="min(20rem, 70vw)">
          Home
        </Skeleton>
      </span>
    )
  return `${dayPart()}, ${session.person.displayName}`
}

function dayPart() {
  const hour = new Date().getHours()
  if (hour < 5 || hour >= 18) return 'Good evening'
  return hour < 12 ? 'Good morning' : 'Good afternoon'
}

function Welcome() {
  return (
    <Page title="Home" heading="Plinth">
      <Text fz="lg" maw="36rem" mb="lg">
        Plinth is the workspace that your team signs in to, with one account on every device. You see where you are
        signed in, and can sign any device out from wherever you are.
      </Text>
      <Group gap="sm">
        <Button size="md" renderRoot={(props) => <Link to="/sign-in" {...props} />}>
          Sign in
        </Button>
        <Button size="md" variant="default" renderRoot={(props) => <Link to="/register" {...props} />}>
          Create an account
        </Button>
      </Group>
    </Page>
  )
}
