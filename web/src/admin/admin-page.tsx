/** The frame of the pages for administrators: nothing in it is asked of the server for anybody who may not see it. */
import type { ReactNode } from 'react'
import type { Person } from '../../../shared/account.ts'
import { type Capability, hasCapability } from '../../../shared/capabilities.ts'
import { LoadFailure } from '../failure/load-failure.tsx'
import { NotAllowed } from '../failure/not-allowed.tsx'
import { Page } from '../page/page.tsx'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { Section } from '../page/section.tsx'
import { LeadToSignIn } from '../session/lead-to-sign-in.ts'
import { useSession } from '../session/session.ts'

interface Props {
  title: string
  capability: Capability
  /** `isReadOnly`: the session has ended, and what was loaded stays. */
  children: (me: Person, isReadOnly: boolean) => ReactNode
}

export function AdminPage({ title, capability, children }: Props) {
  const session = useSession()
  if (session.state === 'signed-out') return <LeadToSignIn />
  return <Page title={title}>{content()}</Page>

  function content() {
    if (session.state === 'unreachable')
      return <LoadFailure error={session.error} isRetrying={session.isFetching} onRetry={session.refetch} />
    if (!('person' in session))
      return (
        <Section title={title}>
          <RowSkeletons count={5} label={`Loading: ${title}`} />
        </Section>
      )
    const { person } = session
    if (!hasCapability(person.role, capability)) return <NotAllowed role={person.role} capability={capability} />
    return children(person, session.state === 'ended')
  }
}
