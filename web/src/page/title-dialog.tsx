/** Asks for the title of something, new or renamed. What is not accepted stays in the field, with the reason under it. */
import { Button, Group, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import type { z } from 'zod'
import { toPlinthError } from '../../../client/plinth.ts'
import { showFailure } from '../toasts/toasts.tsx'
import { Dialog } from './dialog.tsx'

interface Props<Title extends string | null> {
  title: string
  /** What the field is called. */
  label: string
  /** Characters. */
  longest: number
  /** Of what is written. */
  schema: z.ZodType<Title, string>
  initial?: Title
  /** What the button does. */
  action: string
  /** What did not happen, as in `The draft was not created`. */
  failure: string
  opened: boolean
  onClose: () => void
  onSubmit: (title: Title) => Promise<void>
}

export function TitleDialog<Title extends string | null>({ title, opened, onClose, ...form }: Props<Title>) {
  return (
    <Dialog opened={opened} onClose={onClose} title={title}>
      {/* Mounted as the dialog opens, so that it begins with what is true then. */}
      <TitleForm {...form} onClose={onClose} />
    </Dialog>
  )
}

function TitleForm<Title extends string | null>({
  label,
  longest,
  schema,
  initial,
  action,
  failure,
  onClose,
  onSubmit,
}: Omit<Props<Title>, 'title' | 'opened'>) {
  const field = useRef<HTMLInputElement>(null)
  const [title, setTitle] = useState<string>(initial ?? '')
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
    const input = schema.safeParse(title)
    if (!input.success) return refuse(input.error.issues[0]?.message ?? 'Cannot be stored')
    if (input.data === initial) return onClose()
    save.mutate(input.data)
  }
  return (
    <form onSubmit={submit} noValidate>
      <TextInput
        ref={field}
        data-autofocus
        label={label}
        description={`What it is about, up to ${longest} characters.`}
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
