/** How many drifts wait for a decision of the signed-in user, the most urgent first. Nothing for users who may not decide. */
import { IconChevronRight } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { hasCapability } from '../../../shared/capabilities.ts'
import { Glance } from '../home/glance.tsx'
import rows from '../page/row.module.css'
import { Row } from '../page/row.tsx'
import type { HomeSectionProps } from '../products/product.ts'
import { useSession } from '../session/session.ts'
import { severityIcons } from './drift-marks.tsx'
import { summaryQuery } from './drift-queries.ts'
import { driftsWords, severities, severityNames } from './drift-words.ts'

const title = 'Drifts to decide'

export function DriftsGlance({ onReady }: HomeSectionProps) {
  const session = useSession()
  const mayDecide = 'person' in session && hasCapability(session.person.role, 'drift:decide')
  const { data, error, refetch } = useQuery({
    ...summaryQuery,
    staleTime: 0,
    enabled: mayDecide && session.state === 'signed-in',
  })
  useEffect(() => {
    if (!mayDecide) onReady(title)
  }, [mayDecide, onReady])
  if (!mayDecide) return null
  const pending = severities.filter((severity) => (data?.pendingBySeverity[severity] ?? 0) > 0)
  return (
    <Glance
      title={title}
      all={{ name: 'All drifts', path: '/drifts' }}
      isLoaded={data !== undefined}
      failure={error}
      onRetry={() => void refetch()}
      onReady={onReady}
    >
      {pending.length === 0 ? (
        'No drift waits for a decision.'
      ) : (
        <ul className={rows.list} aria-label={title}>
          {pending.map((severity) => (
            <li key={severity}>
              <Link to="/drifts" search={{ status: 'pending', severity }} className={rows.link}>
                <Row
                  icon={severityIcons[severity]}
                  strong={severityNames[severity]}
                  quiet={driftsWords(data?.pendingBySeverity[severity] ?? 0)}
                  side={<IconChevronRight size="1.25rem" aria-hidden />}
                />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Glance>
  )
}
