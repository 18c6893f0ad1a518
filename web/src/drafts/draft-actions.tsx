/** The owner renames and closes an open draft; any other collaborator leaves, also a closed one. */
import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import { IconDots, IconLock, IconLogout, IconPencil } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { draftLimits } from '../../../shared/drafts.ts'
import { ConfirmDialog } from '../page/confirm-dialog.tsx'
import { TitleDialog } from '../page/title-dialog.tsx'
import { plinth } from '../plinth.ts'
import { showDone, showFailure } from '../toasts/toasts.tsx'
import type { DraftHead } from './draft-head.ts'
import { reloadDrafts } from './draft-queries.ts'
import { draftTitle } from './draft-title.ts'

type Asking = 'title' | 'end' | null

export function DraftActions({ draft, myId }: { draft: DraftHead; myId: string }) {
  const isOwner = draft.ownerId === myId
  const [asking, setAsking] = useState<Asking>(null)
  const navigate = useNavigate()
  const close = useMutation({
    mutationFn: () => plinth.drafts.close.mutate({ draftId: draft.id }),
    onSuccess: () => {
      void reloadDrafts()
      showDone(`“${draft.title}” is closed`)
    },
    onError: (error) => showFailure('The draft was not closed', error),
    onSettled: () => setAsking(null),
  })
  const leave = useMutation({
    mutationFn: () => plinth.drafts.leave.mutate({ draftId: draft.id }),
    onSuccess: async () => {
      void reloadDrafts()
      showDone(`You left “${draft.title}”`)
      await navigate({ to: '/drafts' })
    },
    onError: (error) => showFailure('You did not leave the draft', error),
    onSettled: () => setAsking(null),
  })
  const rename = async (title: string) => {
    await plinth.drafts.rename.mutate({ draftId: draft.id, title })
    void reloadDrafts()
  }

  return (
    <>
      <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <Tooltip label="Draft actions">
            <ActionIcon variant="default" size="2.25rem" aria-label="Draft actions">
              <IconDots size="1.125rem" aria-hidden />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          {isOwner && (
            <Menu.Item
              leftSection={<IconPencil size="1.125rem" stroke={1.5} aria-hidden />}
              onClick={() => setAsking('title')}
            >
              Rename draft
            </Menu.Item>
          )}
          <Menu.Item
            leftSection={
              isOwner ? (
                <IconLock size="1.125rem" stroke={1.5} aria-hidden />
              ) : (
                <IconLogout size="1.125rem" stroke={1.5} aria-hidden />
              )
            }
            onClick={() => setAsking('end')}
          >
            {isOwner ? 'Close draft' : 'Leave draft'}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <TitleDialog
        {...draftTitle}
        title="Rename draft"
        action="Save title"
        failure="The draft was not renamed"
        initial={draft.title}
        opened={asking === 'title'}
        onClose={() => setAsking(null)}
        onSubmit={rename}
      />
      <ConfirmDialog
        asked={
          isOwner
            ? {
                question: `Close draft “${draft.title}”?`,
                consequence: 'All collaborators can still read it, but not add to it. It cannot be opened again.',
                confirm: 'Close draft',
              }
            : {
                question: `Leave draft “${draft.title}”?`,
                consequence: `You will not see it any more; what you wrote stays. If you hold the ring, it goes to the owner. The owner cannot add you again for ${draftLimits.awayForDays} days.`,
                confirm: 'Leave draft',
              }
        }
        opened={asking === 'end'}
        isPending={close.isPending || leave.isPending}
        onCancel={() => setAsking(null)}
        onConfirm={() => (isOwner ? close.mutate() : leave.mutate())}
      />
    </>
  )
}
