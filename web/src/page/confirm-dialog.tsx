/** Asks once, in words that name the thing, before something that others feel or that cannot be taken back. */
import { Button, Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Dialog } from './dialog.tsx'

export interface Question {
  /** Such as `End the session on Chrome on macOS?` */
  question: string
  consequence: ReactNode
  /** What the button does, in the words of the question. */
  confirm: string
  /** Easily taken back: asked, but not in red. */
  isHarmless?: boolean
}

interface Props {
  /** Null before the first one. Kept while the dialog fades. */
  asked: Question | null
  opened: boolean
  isPending: boolean
  onConfirm: () => void
  onCancel: () => void
}

export function ConfirmDialog({ asked, opened, isPending, onConfirm, onCancel }: Props) {
  return (
    <Dialog opened={opened} onClose={onCancel} title={asked?.question ?? ''}>
      <Text mb="lg">{asked?.consequence}</Text>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onCancel} data-autofocus>
          Cancel
        </Button>
        <Button color={asked?.isHarmless ? undefined : 'red'} loading={isPending} onClick={onConfirm}>
          {asked?.confirm}
        </Button>
      </Group>
    </Dialog>
  )
}
