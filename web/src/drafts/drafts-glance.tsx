/** The newest drafts of whoever is signed in, and the way to all of them. */
import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { itemsOf } from '../account/account-queries.ts'
import rows from '../page/row.module.css'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { Section } from '../page/section.tsx'
import { useSession } from '../session/session.ts'
import { draftsQuery } from './draft-queries.ts'
import { DraftRow } from './draft-row.tsx'

const shown = 3

export function DraftsGlance() {
  const session = useSession()
  const { data, error } = useInfiniteQuery({ ...draftsQuery, enabled: session.state === 'signed-in' })
  const newest = data && itemsOf(data).slice(0, shown)
  return (
    <Section
      title="Drafts"
      action={
        <Button variant="default" renderRoot={(props) => <Link to="/drafts" {...props} />}>
          All drafts
        </Button>
      }
    >
      {/* A glance needs no error of its own: the page that it leads to tells it in full. */}
      {!newest && (error ? <p>Your drafts could not be loaded.</p> : <RowSkeletons count={1} label="Loading drafts" />)}
      {newest?.length === 0 && 'You write in no draft yet. Begin one there, and write it with others in turns.'}
      {newest && newest.length > 0 && 'person' in session && (
        <ul className={rows.list} aria-label="Newest drafts">
          {newest.map((draft) => (
            <li key={draft.id}>
              <DraftRow draft={draft} myId={session.person.id} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
