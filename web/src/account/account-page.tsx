/** The account of whoever is signed in; for anybody else the way to sign in and back. The tab is in the address. */
import { Skeleton, Tabs } from '@mantine/core'
import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { LoadFailure } from '../failure/load-failure.tsx'
import { Page } from '../page/page.tsx'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { Section } from '../page/section.tsx'
import { LeadToSignIn } from '../session/lead-to-sign-in.ts'
import { useSession } from '../session/session.ts'

const tabs = [
  { path: '/account', label: 'Profile' },
  { path: '/account/devices', label: 'Devices' },
  { path: '/account/sign-in-methods', label: 'Sign-in methods' },
  { path: '/account/api-keys', label: 'API keys' },
] as const

export function AccountPage() {
  const session = useSession()
  const { pathname } = useLocation()
  const tab = tabs.find(({ path }) => path === pathname.replace(/\/$/, '')) ?? tabs[0]

  if (session.state === 'signed-out') return <LeadToSignIn />
  return (
    <Page title={`${tab.label} · Account`} heading="Account">
      {session.state === 'unreachable' ? (
        <LoadFailure error={session.error} isRetrying={session.isFetching} onRetry={session.refetch} />
      ) : (
        <Tabs value={tab.path}>
          <Tabs.List mb="lg" aria-label="Account">
            {tabs.map(({ path, label }) => (
              <Tabs.Tab key={path} value={path} renderRoot={(props) => <Link to={path} {...props} />}>
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value={tab.path} key={tab.path}>
            {session.state === 'loading' ? <TabSkeleton title={tab.label} /> : <Outlet />}
          </Tabs.Panel>
        </Tabs>
      )}
    </Page>
  )
}

function TabSkeleton({ title }: { title: string }) {
  return (
    <Section title={title} about={<Skeleton className="late" component="span" display="block" h="1.25rem" w="60%" />}>
      <RowSkeletons count={3} label="Loading your account" />
    </Section>
  )
}
