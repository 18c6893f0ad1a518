/** The drafts that the user writes in, the newest first. */
import { Button } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { hasCapability } from '../../../../shared/capabilities.ts'
import { itemsOf } from '../../account/account-queries.ts'
import { ShowMore } from '../../account/show-more.tsx'
import { LoadFailure } from '../../failure/load-failure.tsx'
import { Page } from '../../page/page.tsx'
import rows from '../../page/row.module.css'
import { RowSkeletons } from '../../page/row-skeletons.tsx'
import { Section } from '../../page/section.tsx'
import { TitleDialog } from '../../page/title-dialog.tsx'
import { plinth } from '../../plinth.ts'
import { LeadToSignIn } from '../../session/lead-to-sign-in.ts'
import { useSession } from '../../session/session.ts'
import { draftsQuery, reloadDrafts } from '../draft-queries.ts'
import { draftTitle } from '../draft-title.ts'
import { DraftRow } from './draft-row.tsx'
import classes from './drafts-page.module.css'

export function DraftsPage() {
  const session = useSession()
  const navigate = useNavigate()
  const isSignedIn = session.state === 'signed-in'
  const me = 'person' in session ? session.person : null
  const list = useInfiniteQuery({ ...draftsQuery, enabled: isSignedIn })
  const [isNaming, setNaming] = useState(false)
  const drafts = list.data && itemsOf(list.data)
  const mayWrite = isSignedIn && hasCapability(session.person.role, 'draft:write')

  if (session.state === 'signed-out') return <LeadToSignIn />
  if (session.state === 'unreachable')
    return (
      <Page title="Drafts">
        <LoadFailure error={session.error} isRetrying={session.isFetching} onRetry={session.refetch} />
      </Page>
    )

  const create = async (title: string) => {
    const { id } = await plinth.drafts.create.mutate({ title })
    void reloadDrafts()
    await navigate({ to: '/drafts/$draftId', params: { draftId: id } })
  }
  const newDraft = (
    <Button leftSection={<IconPlus size="1rem" aria-hidden />} disabled={!mayWrite} onClick={() => setNaming(true)}>
      New draft
    </Button>
  )

  return (
    <Page title="Drafts">
      <Section
        title="Your drafts"
        about="Texts that you write with others, in turns. A ring shows whose turn it is: its holder adds the next segment, a piece of text at the end."
        action={drafts?.length !== 0 && newDraft}
      >
        {list.error && !drafts && (
          <LoadFailure error={list.error} isRetrying={list.isFetching} onRetry={() => void list.refetch()} />
        )}
        {!list.error &&
          !drafts &&
          (session.state === 'ended' ? (
            <p>The list was not loaded before your session ended. Sign in again to see it.</p>
          ) : (
            <RowSkeletons count={3} label="Loading drafts" />
          ))}
        {drafts?.length === 0 && (
          <div className={classes.empty}>
            <p>
              {mayWrite || !isSignedIn
                ? 'No drafts yet. Start one, add collaborators, and pass the ring when it is their turn.'
                : 'You read in no draft yet. The owner of a draft can add you to it.'}
            </p>
            {(mayWrite || !isSignedIn) && newDraft}
          </div>
        )}
        {drafts && drafts.length > 0 && me && (
          <ul className={rows.list} aria-label="Drafts">
            {drafts.map((draft) => (
              <li key={draft.id}>
                <DraftRow draft={draft} myId={me.id} />
              </li>
            ))}
          </ul>
        )}
        <ShowMore list={list} what="drafts" />
      </Section>
      <TitleDialog
        {...draftTitle}
        title="New draft"
        action="Create draft"
        failure="The draft was not created"
        opened={isNaming}
        onClose={() => setNaming(false)}
        onSubmit={create}
      />
    </Page>
  )
}
