/** Asks for the title of a draft, new or renamed. What is not accepted stays in the field, with the reason under it. */
import { Button, Group, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { toPlinthError } from '../../../client/plinth.ts'
import { CreateDraft, draftLimits } from '../../../shared/drafts.ts'
import { Dialog } from '../page/dialog.tsx'
import { showFailure } from '../toasts/toasts.tsx'

interface Props {
  title: string
  /** What the button does. */
  action: string
  /** What did not happen, as in `The draft was not created`. */
  failure: string
  initial?: string
  opened: boolean
  onClose: () => void
  onSubmit: (title: string) => Promise<void>
}

export function TitleDialog({ title, opened, onClose, ...form }: Props) {
  return (
    <Dialog opened={opened} onClose={onClose} title={title}>
      {/* Mounted as the dialog opens, so that it begins with what is true then. */}
      <TitleForm {...form} onClose={onClose} />
    </Dialog>
  )
}

function TitleForm({ action, failure, initial = '', onClose, onSubmit }: Omit<Props, 'title' | 'opened'>) {
  const field = useRef<HTMLInputElement>(null)
  const [title, setTitle] = useState(initial)
  const [fault, setFault] = useState<string | null>(null)
  const refuse = (reason: string) => {
    setFault(reason)
    field.current?.focus()
  }
  const save = useMutation({
    mutationFn: onSubmit,
    onSuccess: onClose,
    onError: (error) => {
      const ofField = toPlinthError(error).details.find((detail) => detail.field === 'title')
      if (ofField) refuse(ofField.message)
      else showFailure(failure, error)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (save.isPending) return
    const input = CreateDraft.safeParse({ title })
    if (!input.success) return refuse(input.error.issues[0]?.message ?? 'Not a title that can be stored')
    if (input.data.title === initial) return onClose()
    save.mutate(input.data.title)
  }
  return (
    <form onSubmit={submit} noValidate>
      <TextInput
        ref={field}
        data-autofocus
        label="Title"
        description={`What it is about, up to ${draftLimits.titleLength} characters.`}
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
        <Button type="submit" loading={save.isPending}>
          {action}
        </Button>
      </Group>
    </form>
  )
}
