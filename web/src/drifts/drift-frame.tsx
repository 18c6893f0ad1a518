/** The frame of the pages that show many drifts at once: whether they can be seen, and a tab for each. */
import { Button, Tabs } from '@mantine/core'
import { Link, Outlet, useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { errorCode } from '../../../client/plinth.ts'
import { LoadFailure } from '../failure/load-failure.tsx'
import { Page } from '../page/page.tsx'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { Section } from '../page/section.tsx'
import { saysSignedOut } from '../plinth.ts'
import { useSession } from '../session/session.ts'
import { useReturnHere } from '../session/sign-in-link.ts'
import classes from './drift-frame.module.css'
import { ReviewProvider } from './drift-review.tsx'
import { countWords, type DriftsSearch, type Tab, tabs } from './drift-words.ts'

/** Around all pages about drifts. */
export function DriftsLayout() {
  const session = useSession()
  const { driftId } = useParams({ strict: false })
  const title = driftId ? 'Drift' : 'Drifts'
  if (session.state === 'unreachable')
    return (
      <Page title={title}>
        <LoadFailure error={session.error} isRetrying={session.isFetching} onRetry={session.refetch} />
      </Page>
    )
  if (session.state === 'loading')
    return (
      <Page title={title} isWide>
        <Section title={title}>
          <RowSkeletons count={6} label="Loading drifts" />
        </Section>
      </Page>
    )
  const me = 'person' in session ? session.person : null
  return (
    <ReviewProvider key={me?.id ?? 'nobody'} me={me} isSignedIn={session.state === 'signed-in'}>
      <Outlet />
    </ReviewProvider>
  )
}

interface TabbedProps {
  tab: Tab | 'dashboard'
  /** Of the list, which the other lists have as well. */
  search?: DriftsSearch
  /** Null while it is not known. */
  toDecide?: number | null
  children: ReactNode
}

export function TabbedPage({ tab, search = {}, toDecide = null, children }: TabbedProps) {
  const isDashboard = tab === 'dashboard'
  return (
    <Page title={isDashboard ? 'Dashboard · Drifts' : 'Drifts'} heading="Drifts" isWide>
      <SignedOutNote />
      <Tabs value={tab}>
        <Tabs.List mb="md" aria-label="Drifts">
          {(Object.keys(tabs) as Tab[]).map((name) => (
            <Tabs.Tab
              key={name}
              value={name}
              rightSection={name === 'pending' && toDecide !== null && <span>{countWords(toDecide)}</span>}
              renderRoot={(props) => (
                <Link to="/drifts" search={{ ...search, status: name === 'pending' ? undefined : name }} {...props} />
              )}
            >
              {tabs[name]}
            </Tabs.Tab>
          ))}
          <Tabs.Tab value="dashboard" renderRoot={(props) => <Link to="/drifts/dashboard" {...props} />}>
            Dashboard
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value={tab}>{children}</Tabs.Panel>
      </Tabs>
    </Page>
  )
}

/** Where reads are public, what a visitor has here and what they would have. */
export function SignedOutNote() {
  const session = useSession()
  const returnHere = useReturnHere()
  if (session.state !== 'signed-out') return null
  return (
    <div className={classes.note} role="note">
      <span>This page does not update while you are signed out.</span>
      <Button
        size="compact-sm"
        variant="light"
        renderRoot={(props) => <Link to="/sign-in" search={returnHere} {...props} />}
      >
        Sign in to follow live and decide
      </Button>
    </div>
  )
}

/** Reads are not public here, and this visitor is not signed in. */
export function useIsClosed(failure: unknown): boolean {
  const session = useSession()
  return session.state === 'signed-out' && Boolean(failure) && saysSignedOut(failure)
}

export const isMissing = (failure: unknown) => ['NOT_FOUND', 'VALIDATION_ERROR'].includes(errorCode(failure))
