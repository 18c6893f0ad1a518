/** The open drafts whose ring the signed-in user holds: they wait for what the user writes. */
import { useQuery } from '@tanstack/react-query'
import { Glance, rowsAtHome } from '../home/glance.tsx'
import rows from '../page/row.module.css'
import type { HomeSectionProps } from '../products/product.ts'
import { useSession } from '../session/session.ts'
import { recentDraftsQuery } from './draft-queries.ts'
import { DraftRow } from './list/draft-row.tsx'

export function DraftsGlance({ onReady }: HomeSectionProps) {
  const session = useSession()
  const myId = 'person' in session ? session.person.id : null
  const { data, error, refetch } = useQuery({ ...recentDraftsQuery, enabled: session.state === 'signed-in' })
  const mine = data?.items.filter(({ state, ringHolder }) => state === 'open' && ringHolder.id === myId) ?? []
  return (
    <Glance
      title="Drafts whose ring you hold"
      all={{ name: 'All drafts', path: '/drafts' }}
      isLoaded={data !== undefined}
      failure={error}
      onRetry={() => void refetch()}
      onReady={onReady}
    >
      {mine.length === 0 || myId === null ? (
        'You do not hold the ring of any open draft.'
      ) : (
        <ul className={rows.list} aria-label="Drafts whose ring you hold">
          {mine.slice(0, rowsAtHome).map((draft) => (
            <li key={draft.id}>
              <DraftRow draft={draft} myId={myId} />
            </li>
          ))}
        </ul>
      )}
    </Glance>
  )
}
