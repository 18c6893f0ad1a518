import { useQuery } from '@tanstack/react-query'
import { hasCapability } from '../../../shared/capabilities.ts'
import type { PersonRef } from '../../../shared/person-ref.ts'
import { useSession } from '../session/session.ts'
import { personQuery } from './admin-queries.ts'
import { targetParts } from './audit-words.ts'

/** What a record is about: a person by their name, anything else by its kind and the end of its id. */
export function TargetName({ target, actor }: { target: string; actor: PersonRef | null }) {
  const { noun, id } = targetParts(target)
  if (noun !== 'person') return `On ${noun} …${id.slice(-8)}`
  if (id === actor?.id) return 'On their own account'
  return (
    <>
      On <PersonName personId={id} />
    </>
  )
}

/** Known or not, there is always something to show. */
export function PersonName({ personId }: { personId: string }) {
  const session = useSession()
  const mayAsk = session.state === 'signed-in' && hasCapability(session.person.role, 'person:manage')
  const { data } = useQuery({ ...personQuery(personId), enabled: mayAsk })
  return data ? data.displayName : `person …${personId.slice(-8)}`
}
