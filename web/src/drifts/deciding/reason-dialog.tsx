/** Asks for the reason: optional for an approval, required for all else. It names what is decided on, and follows whether that is possible still. */
import { Button, Group, Text, Textarea } from '@mantine/core'
import { type FormEvent, useRef, useState } from 'react'
import { driftLimits } from '../../../../shared/drifts.ts'
import { Dialog } from '../../page/dialog.tsx'

export type ReasonFor = 'approve' | 'reject' | 'reopen'

const words = {
  approve: {
    does: 'Approve',
    consequence: 'What is there now is fine as it is.',
    label: 'Reason (optional)',
    missing: '',
  },
  reject: {
    does: 'Reject',
    consequence: 'What is there now has to be put back as it was meant to be.',
    label: 'Reason',
    missing: 'Say why, for the user who puts it back.',
  },
  reopen: {
    does: 'Reopen',
    consequence: 'The decision is taken back, and the drift has to be decided again.',
    label: 'Reason',
    missing: 'Say why, for the user who decides again.',
  },
}

interface Props {
  /** Such as `“security_group web”`, or `12 drifts`. */
  subject: string
  verdict: ReasonFor
  opened: boolean
  /** Null when it is possible now. */
  whyNot: string | null
  onClose: () => void
  onDecide: (reason: string) => void
}

export function ReasonDialog({ subject, verdict, opened, ...form }: Props) {
  return (
    <Dialog opened={opened} onClose={form.onClose} title={`${words[verdict].does} ${subject}?`}>
      {/* Mounted as the dialog opens, so that each begins empty. */}
      <ReasonForm verdict={verdict} {...form} />
    </Dialog>
  )
}

function ReasonForm({ verdict, whyNot, onClose, onDecide }: Omit<Props, 'subject' | 'opened'>) {
  const { does, consequence, label, missing } = words[verdict]
  const field = useRef<HTMLTextAreaElement>(null)
  const [reason, setReason] = useState('')
  const [fault, setFault] = useState<string | null>(null)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (whyNot) return
    const said = reason.trim()
    const found =
      verdict !== 'approve' && said === ''
        ? missing
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
        description="All signed-in users can read it."
        required={verdict !== 'approve'}
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
