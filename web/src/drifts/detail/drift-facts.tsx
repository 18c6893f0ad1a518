import { Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Decision, Drift } from '../../../../shared/drifts.ts'
import { TimeAgo } from '../../page/time-ago.tsx'
import { useSession } from '../../session/session.ts'
import classes from './drift-page.module.css'

interface Props {
  drift: Drift
  decision: Decision | undefined
  decisionFailure: unknown
}

const verbs = { approved: 'Approved', rejected: 'Rejected', resolved: 'Decided', pending: 'Decided' }

export function DriftFacts({ drift, decision, decisionFailure }: Props) {
  const { resource, status, detectedAt, createdAt, updatedAt, decidedAt, externalId } = drift
  const isSignedOut = useSession().state === 'signed-out'
  const isDecided = status !== 'pending' && decidedAt !== null
  return (
    <dl className={classes.facts}>
      <Fact name="Type">{resource.type}</Fact>
      <Fact name="Provider">{resource.provider}</Fact>
      <Fact name="Region">{resource.region ?? 'None'}</Fact>
      <Fact name="Detected">
        <TimeAgo at={detectedAt} />
      </Fact>
      <Fact name="First reported">
        <TimeAgo at={createdAt} />
      </Fact>
      <Fact name="Last changed">
        <TimeAgo at={updatedAt} />
      </Fact>
      <Fact name="Detector’s id">
        <code>{externalId}</code>
      </Fact>
      {isDecided && (
        <Fact name={verbs[status]}>
          <TimeAgo at={decidedAt} />
        </Fact>
      )}
      {isDecided && isSignedOut && <Fact name="By">Sign in to see who decided, and why.</Fact>}
      {isDecided && !isSignedOut && (
        <>
          <Fact name="By">
            {decision?.decidedAt ? (
              (decision.decidedBy?.displayName ?? 'A user whose account was deleted')
            ) : (
              <Unknown has={decisionFailure} />
            )}
          </Fact>
          <Fact name="Reason" isLong>
            {decision?.decidedAt ? (
              <span className={classes.said}>{decision.reason ?? 'None was given'}</span>
            ) : (
              <Unknown has={decisionFailure} />
            )}
          </Fact>
        </>
      )}
    </dl>
  )
}

function Fact({ name, isLong = false, children }: { name: string; isLong?: boolean; children: ReactNode }) {
  return (
    <div data-long={isLong || undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Unknown({ has: failure }: { has: unknown }) {
  if (failure) return 'Could not be loaded'
  return <Skeleton className="late" component="span" display="block" h="1.25rem" w="10rem" />
}
