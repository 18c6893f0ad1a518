/** What there is of an account, each line leading to its page. */
import { Skeleton } from '@mantine/core'
import { type Icon, IconChevronRight, IconDevices, IconKey, IconUserCircle } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { devicesQuery, identitiesQuery, itemsOf } from '../account/account-queries.ts'
import { providerNames } from '../account/provider-names.ts'
import { roleNames } from '../account/role-names.ts'
import rows from '../page/row.module.css'
import { Row } from '../page/row.tsx'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { Section } from '../page/section.tsx'
import type { AppPath } from '../router.tsx'
import { useSession } from '../session/session.ts'

export function AccountGlance() {
  const session = useSession()
  return (
    <Section title="Your account">
      {'person' in session ? (
        <ul className={rows.list}>
          <Line to="/account" icon={IconUserCircle} name="Profile">
            {session.person.displayName} · {roleNames[session.person.role]}
          </Line>
          <Line to="/account/devices" icon={IconDevices} name="Devices">
            <DeviceCount />
          </Line>
          <Line to="/account/sign-in-methods" icon={IconKey} name="Sign-in methods">
            <MethodNames />
          </Line>
        </ul>
      ) : (
        <RowSkeletons count={3} label="Loading your account" />
      )}
    </Section>
  )
}

interface LineProps {
  to: AppPath
  icon: Icon
  name: string
  children: ReactNode
}

function Line({ to, icon, name, children }: LineProps) {
  return (
    <li>
      <Link to={to} className={rows.link}>
        <Row icon={icon} strong={name} quiet={children} side={<IconChevronRight size="1.25rem" aria-hidden />} />
      </Link>
    </li>
  )
}

function DeviceCount() {
  const isSignedIn = useSession().state === 'signed-in'
  const { data, error, hasNextPage } = useInfiniteQuery({ ...devicesQuery, enabled: isSignedIn })
  if (!data) return <Unknown has={error} instead="Where you are signed in" />
  const count = itemsOf(data).length
  if (count === 1) return 'Signed in on this device only'
  return `Signed in on ${count}${hasNextPage ? ' or more' : ''} devices`
}

function MethodNames() {
  const isSignedIn = useSession().state === 'signed-in'
  const { data, error } = useInfiniteQuery({ ...identitiesQuery, enabled: isSignedIn })
  if (!data) return <Unknown has={error} instead="How you may sign in" />
  return [...new Set(itemsOf(data).map(({ provider }) => providerNames[provider]))].join(', ')
}

/** A glance needs no error of its own: the page that the line leads to tells it in full. */
function Unknown({ has: error, instead }: { has: unknown; instead: string }) {
  if (error) return instead
  return <Skeleton className="late" component="span" display="block" h="1.25rem" w="10rem" />
}
