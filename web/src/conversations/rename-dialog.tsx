/** Asks for the name of a conversation; an empty one takes its name away. What is not accepted stays, with the reason. */
import { Button, Group, TextInput } from '@mantine/core'
import { type FormEvent, useRef, useState } from 'react'
import { conversationLimits, RenameConversation } from '../../../shared/conversations.ts'
import { Dialog } from '../page/dialog.tsx'

interface Props {
  initial: string | null
  opened: boolean
  onClose: () => void
  onSubmit: (title: string | null) => void
}

export function RenameDialog({ opened, ...form }: Props) {
  return (
    <Dialog opened={opened} onClose={form.onClose} title="Rename conversation">
      {/* Mounted as the dialog opens, so that it begins with what is true then. */}
      <RenameForm {...form} />
    </Dialog>
  )
}

function RenameForm({ initial, onClose, onSubmit }: Omit<Props, 'opened'>) {
  const field = useRef<HTMLInputElement>(null)
  const [title, setTitle] = useState(initial ?? '')
  const [fault, setFault] = useState<string | null>(null)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const input = RenameConversation.shape.title.safeParse(title.trim() === '' ? null : title)
    if (!input.success) {
      setFault(input.error.issues[0]?.message ?? 'Not a name that can be stored')
      return field.current?.focus()
    }
    if (input.data !== initial) onSubmit(input.data)
    onClose()
  }
  return (
    <form onSubmit={submit} noValidate>
      <TextInput
        ref={field}
        data-autofocus
        label="Name"
        description={`What it is about, up to ${conversationLimits.titleLength} characters.`}
        autoComplete="off"
        value={title}
        error={fault}
        onChange={(event) => {
          setTitle(event.currentTarget.value)
          setFault(null)
        }}
      />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit">Save name</Button>
      </Group>
    </form>
  )
}
