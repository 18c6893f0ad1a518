import { useQuery } from '@tanstack/react-query'
import type { AuditRecord } from '../../../../shared/audit-log.ts'
import { hasCapability } from '../../../../shared/capabilities.ts'
import { trpc } from '../../plinth.ts'
import { useSession } from '../../session/session.ts'
import { personQuery } from '../admin-queries.ts'
import { targetParts, withArticle } from './audit-words.ts'

/**
 * What a record is about, by its name. Names that the log leaves out, such as titles of tasks and conversations, are their owners' own words
 * and are not read for it.
 */
export function TargetName({ record: { target, actor, before, after } }: { record: AuditRecord }) {
  const { noun, id } = targetParts(target)
  if (noun === 'drift')
    return (
      <>
        On <DriftName driftId={id} />
      </>
    )
  const named = [after, before]
    .flatMap((side) => [side?.title, side?.name])
    .find((name) => typeof name === 'string' && name !== leftOut)
  if (named && noun !== 'person') return `On ${noun} “${named}”`
  if (noun !== 'person') return `On ${withArticle(noun)}`
  if (id === actor?.id) return 'On their own account'
  return (
    <>
      On <PersonName personId={id} />
    </>
  )
}

/** What the server writes in the place of a value that the log leaves out. */
const leftOut = '[left out]'

function DriftName({ driftId }: { driftId: string }) {
  const { data } = useQuery(trpc.drifts.get.queryOptions({ driftId }, { staleTime: 300_000, retry: false }))
  return data ? `drift of ${data.resource.id}` : 'a drift'
}

/** Known or not, there is always something to show. */
export function PersonName({ personId }: { personId: string }) {
  const session = useSession()
  const mayAsk = session.state === 'signed-in' && hasCapability(session.person.role, 'person:manage')
  const { data } = useQuery({ ...personQuery(personId), enabled: mayAsk })
  return data ? data.displayName : `person …${personId.slice(-8)}`
}
