/** Asks why: for an approval whoever likes to say so, for a rejection always. It names the drift, and follows what becomes of it meanwhile. */
import { Button, Group, Text, Textarea } from '@mantine/core'
import { type FormEvent, useRef, useState } from 'react'
import { type DriftSummary, driftLimits } from '../../../shared/drifts.ts'
import { Dialog } from '../page/dialog.tsx'
import type { Verdict } from './decisions.ts'
import { resourceWords } from './drift-words.ts'

const words = {
  approve: {
    does: 'Approve',
    consequence: 'What is there now is fine as it is.',
    label: 'Reason (optional)',
  },
  reject: {
    does: 'Reject',
    consequence: 'What is there now has to be put back as it was meant to be.',
    label: 'Reason',
  },
}

interface Props {
  drift: DriftSummary
  verdict: Verdict
  opened: boolean
  /** Null when a decision can be taken now. */
  whyNot: string | null
  onClose: () => void
  onDecide: (reason: string) => void
}

export function ReasonDialog({ drift, verdict, opened, ...form }: Props) {
  return (
    <Dialog opened={opened} onClose={form.onClose} title={`${words[verdict].does} “${resourceWords(drift.resource)}”?`}>
      {/* Mounted as the dialog opens, so that each begins empty. */}
      <ReasonForm verdict={verdict} {...form} />
    </Dialog>
  )
}

function ReasonForm({ verdict, whyNot, onClose, onDecide }: Omit<Props, 'drift' | 'opened'>) {
  const { does, consequence, label } = words[verdict]
  const field = useRef<HTMLTextAreaElement>(null)
  const [reason, setReason] = useState('')
  const [fault, setFault] = useState<string | null>(null)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (whyNot) return
    const said = reason.trim()
    const found =
      verdict === 'reject' && said === ''
        ? 'Say why, so that whoever puts it back knows.'
        : said.length > driftLimits.reasonLength
          ? `Must be at most ${driftLimits.reasonLength} characters`
          : null
    setFault(found)
    if (found) return field.current?.focus()
    onClose()
    onDecide(said)
  }
  return (
    <form onSubmit={submit} noValidate>
      <Text mb="md">{consequence}</Text>
      <Textarea
        ref={field}
        data-autofocus
        autosize
        minRows={2}
        maxRows={8}
        label={label}
        description="Everybody who is signed in can read it."
        required={verdict === 'reject'}
        withAsterisk={false}
        value={reason}
        error={fault}
        onChange={({ currentTarget }) => {
          setReason(currentTarget.value)
          setFault(null)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event)
        }}
      />
      <div role="status">
        {whyNot && (
          <Text mt="md" fw={600}>
            {whyNot}
          </Text>
        )}
      </div>
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" color={verdict === 'reject' ? 'red' : undefined} disabled={whyNot !== null}>
          {does}
        </Button>
      </Group>
    </form>
  )
}
