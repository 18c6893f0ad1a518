import { Skeleton, Stack } from '@mantine/core'
import { useLoaderData } from '@tanstack/react-router'
import { useCallback, useEffect, useState } from 'react'
import { LoadFailure } from '../failure/load-failure.tsx'
import { Page } from '../page/page.tsx'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { useSession } from '../session/session.ts'
import { Welcome } from './welcome.tsx'

export function HomePage() {
  const session = useSession()
  if (session.state === 'signed-out') return <Welcome />
  return (
    <Page title="Home" heading={<Greeting />}>
      {session.state === 'unreachable' && (
        <LoadFailure error={session.error} isRetrying={session.isFetching} onRetry={session.refetch} />
      )}
      {session.state === 'loading' && <Loading />}
      {'person' in session && <Sections />}
    </Page>
  )
}

/** A section that takes longer is shown as it loads, and may then move those below. */
const togetherWithinMs = 2000

/** All at once, so that none moves another. */
function Sections() {
  const { sections } = useLoaderData({ from: '/' })
  const [ready, setReady] = useState<ReadonlySet<string>>(new Set())
  const [isLate, setLate] = useState(false)
  const isShown = isLate || ready.size >= sections.length
  const onReady = useCallback((name: string) => setReady((before) => new Set(before).add(name)), [])
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), togetherWithinMs)
    return () => clearTimeout(timer)
  }, [])
  return (
    <>
      {!isShown && <Loading />}
      <div hidden={!isShown}>
        <Stack gap="lg">
          {sections.map(({ name, HomeSection }) => (
            <HomeSection key={name} onReady={onReady} />
          ))}
        </Stack>
      </div>
    </>
  )
}

const Loading = () => <RowSkeletons count={5} label="Loading what needs you" />

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
