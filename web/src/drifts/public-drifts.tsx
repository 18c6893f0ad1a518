/** The newest drifts that wait for a decision, for visitors of the home page. Nothing where the server lets only signed-in users read. */
import { Button } from '@mantine/core'
import { IconArrowsDiff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { LoadFailure } from '../failure/load-failure.tsx'
import rows from '../page/row.module.css'
import { Row } from '../page/row.tsx'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { Section } from '../page/section.tsx'
import { TimeAgo } from '../page/time-ago.tsx'
import { saysSignedOut } from '../plinth.ts'
import { SeverityMark } from './drift-marks.tsx'
import { newestPendingQuery } from './drift-queries.ts'

export function PublicDrifts() {
  const { data, error, isFetching, refetch } = useQuery(newestPendingQuery)
  if (error && saysSignedOut(error)) return null
  return (
    <Section
      title="Drifts that wait for a decision"
      action={
        <Button variant="default" renderRoot={(props) => <Link to="/drifts" {...props} />}>
          All drifts
        </Button>
      }
    >
      {!data && error && <LoadFailure error={error} isRetrying={isFetching} onRetry={() => void refetch()} />}
      {!data && !error && <RowSkeletons count={1} label="Loading drifts" />}
      {data?.items.length === 0 && 'None. Every reported drift is decided or resolved.'}
      {data && data.items.length > 0 && (
        <ul className={rows.list} aria-label="Drifts that wait for a decision">
          {data.items.map(({ id, resource, severity, detectedAt }) => (
            <li key={id}>
              <Link to="/drifts/$driftId" params={{ driftId: id }} className={rows.link}>
                <Row
                  icon={IconArrowsDiff}
                  strong={resource.id}
                  quiet={
                    <>
                      {[resource.type, resource.provider, resource.region].filter(Boolean).join(' · ')} ·{' '}
                      <TimeAgo at={detectedAt} />
                    </>
                  }
                  side={<SeverityMark severity={severity} />}
                />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
