/** Who still comes by the X-User-Id header of the product before. Not there where nobody ever did. */
import { Badge } from '@mantine/core'
import { IconId } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { itemsOf } from '../account/account-queries.ts'
import { ShowMore } from '../account/show-more.tsx'
import { LoadFailure } from '../failure/load-failure.tsx'
import rows from '../page/row.module.css'
import { Row } from '../page/row.tsx'
import { Section } from '../page/section.tsx'
import { Day, TimeAgo } from '../page/time-ago.tsx'
import { legacyUsesQuery } from './admin-queries.ts'

export function LegacyUses({ isReadOnly }: { isReadOnly: boolean }) {
  const list = useInfiniteQuery({ ...legacyUsesQuery, enabled: !isReadOnly })
  const uses = list.data && itemsOf(list.data)
  if (!list.error && !uses?.length) return null
  return (
    <Section
      title="Users who still sign in with X-User-Id"
      about="The header by which the earlier product identified its users. After a user has signed in with a sign-in method of Plinth, their id alone is refused. When the list is empty, the header can be switched off."
    >
      {list.error && !uses && (
        <LoadFailure error={list.error} isRetrying={list.isFetching} onRetry={() => void list.refetch()} />
      )}
      <ul className={rows.list}>
        {uses?.map(({ id, legacyId, person, claimed, uses: count, firstUsedAt, lastUsedAt, lastIp }) => (
          <li key={id}>
            <Row
              icon={IconId}
              strong={person?.displayName ?? 'No account'}
              quiet={
                <>
                  Id {legacyId} · {count} {count === 1 ? 'use' : 'uses'} since <Day at={firstUsedAt} /> · Last{' '}
                  <TimeAgo at={lastUsedAt} />
                  {lastIp && ` from ${lastIp}`}
                </>
              }
              side={
                <Badge variant="light" color="gray">
                  {claimed ? 'Refused now' : 'Still let in'}
                </Badge>
              }
            />
          </li>
        ))}
      </ul>
      <ShowMore list={list} what="ids" />
    </Section>
  )
}
