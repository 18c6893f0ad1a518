/** How long the conversation is and since when, and what can be done with it as a whole. */
import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import { IconDots, IconPencil, IconTrash } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { z } from 'zod'
import { conversationLimits, RenameConversation } from '../../../shared/conversations.ts'
import { ConfirmDialog } from '../page/confirm-dialog.tsx'
import { TimeAgo } from '../page/time-ago.tsx'
import { TitleDialog } from '../page/title-dialog.tsx'
import { plinth } from '../plinth.ts'
import { showDone, showFailure } from '../toasts/toasts.tsx'
import classes from './conversation-page.module.css'
import { countWords } from './conversation-words.ts'
import { discardQueued, queueRename } from './sending/queue-changes.ts'
import type { QueuedConversation } from './sending/queued.ts'
import type { OpenConversation } from './use-conversation.ts'

/** Nothing written takes it away. */
const Name = z
  .string()
  .transform((text) => (text.trim() === '' ? null : text))
  .pipe(RenameConversation.shape.title)

interface Props {
  now: OpenConversation
  queued: QueuedConversation
  title: string
  canChange: boolean
}

export function ConversationHeader({ now: { live, conversation, messages }, queued, title, canChange }: Props) {
  const [asking, setAsking] = useState<'title' | 'end' | null>(null)
  const navigate = useNavigate()
  const remove = useMutation({
    mutationFn: async () => {
      // One that the server has not heard of is only to be forgotten.
      const isUnheard = queued.create !== null
      if (!isUnheard) await plinth.conversations.delete.mutate({ conversationId: live.id })
      await discardQueued(live.id)
    },
    onSuccess: async () => {
      live.markDeleted()
      showDone(`“${title}” is deleted`)
      await navigate({ to: '/conversations' })
    },
    onError: (error) => showFailure('The conversation was not deleted', error),
    onSettled: () => setAsking(null),
  })
  const count = messages?.at(-1)?.position ?? 0

  return (
    <div className={classes.header}>
      <span className={classes.facts}>
        {conversation ? (
          <>
            {countWords(count)} · Begun <TimeAgo at={conversation.createdAt} />
          </>
        ) : queued.create ? (
          'Not saved yet'
        ) : (
          countWords(count)
        )}
      </span>
      {canChange && (
        <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
          <Menu.Target>
            <Tooltip label="Conversation actions">
              <ActionIcon variant="default" size="2.25rem" aria-label="Conversation actions">
                <IconDots size="1.125rem" aria-hidden />
              </ActionIcon>
            </Tooltip>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              leftSection={<IconPencil size="1.125rem" stroke={1.5} aria-hidden />}
              onClick={() => setAsking('title')}
            >
              Rename conversation
            </Menu.Item>
            <Menu.Item
              leftSection={<IconTrash size="1.125rem" stroke={1.5} aria-hidden />}
              onClick={() => setAsking('end')}
            >
              Delete conversation
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <TitleDialog
        title="Rename conversation"
        label="Name"
        longest={conversationLimits.titleLength}
        schema={Name}
        action="Save name"
        failure="The conversation was not renamed"
        initial={conversation?.title ?? null}
        opened={asking === 'title'}
        onClose={() => setAsking(null)}
        onSubmit={async (name) => queueRename(live.id, name)}
      />
      <ConfirmDialog
        asked={{
          question: `Delete conversation “${title}”?`,
          consequence: `${count === 1 ? 'Its message goes' : 'All its messages go'} with it, on all your devices, for good.`,
          confirm: 'Delete conversation',
        }}
        opened={asking === 'end'}
        isPending={remove.isPending}
        onCancel={() => setAsking(null)}
        onConfirm={() => remove.mutate()}
      />
    </div>
  )
}
