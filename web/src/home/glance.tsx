/** A section of the home page: the first few rows of what needs the user, and the way to the page that has all of it. */
import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useEffect } from 'react'
import { LoadFailure } from '../failure/load-failure.tsx'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { Section } from '../page/section.tsx'
import type { HomeSectionProps } from '../products/product.ts'
import type { AppPath } from '../router.tsx'
import { useSession } from '../session/session.ts'

/** Rows of one section; its page has the others. */
export const rowsAtHome = 5

interface Props extends HomeSectionProps {
  title: string
  all: { name: string; path: AppPath }
  isLoaded: boolean
  /** Why it is not loaded. */
  failure: unknown
  onRetry: () => void
  /** Above the rows, whether or not they are loaded. */
  above?: ReactNode
  children: ReactNode
}

export function Glance({ title, all, isLoaded, failure, onRetry, above, onReady, children }: Props) {
  const isSignedIn = useSession().state === 'signed-in'
  const isSettled = isLoaded || Boolean(failure) || !isSignedIn
  useEffect(() => {
    if (isSettled) onReady(title)
  }, [isSettled, onReady, title])
  return (
    <Section
      title={title}
      action={
        <Button variant="default" renderRoot={(props) => <Link to={all.path} {...props} />}>
          {all.name}
        </Button>
      }
    >
      {above}
      {isLoaded ? children : notLoaded()}
    </Section>
  )

  function notLoaded() {
    if (failure) return <LoadFailure error={failure} isRetrying={false} onRetry={onRetry} />
    if (!isSignedIn) return <p>Not loaded before your session ended. Sign in again to see it.</p>
    return <RowSkeletons count={1} label={`Loading: ${title}`} />
  }
}
