/** The field for the next message. Unsent text is stored, for each conversation. */
import { Button, Kbd, Textarea } from '@mantine/core'
import { IconPlayerStop, IconSend } from '@tabler/icons-react'
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { AppendMessage, conversationLimits } from '../../../../shared/conversations.ts'
import foot from '../../page/foot.module.css'
import type { UnsentStore } from '../../unsent/unsent-store.ts'
import { useUnsentText } from '../../unsent/use-unsent-text.ts'
import classes from './composer.module.css'

const remainingShownFrom = 1000

interface Props {
  unsent: UnsentStore
  /** Whoever comes here came to write. */
  takesFocus?: boolean
  /** The assistant is answering: it can be stopped, and until then nothing is sent. */
  answering?: { isStopping: boolean; onStop: () => void } | null
  onSend: (content: string) => void
}

/** On a screen keyboard there is no Shift+Enter. */
const entersLines = () => matchMedia('(hover: none) and (pointer: coarse)').matches

export function Composer({ unsent, takesFocus = false, answering = null, onSend }: Props) {
  const field = useRef<HTMLTextAreaElement>(null)
  const [text, setText] = useUnsentText(unsent)
  const [fault, setFault] = useState<string | null>(null)
  const remaining = conversationLimits.messageLength - text.length
  const isSendable = text.trim() !== '' && remaining >= 0 && answering === null

  // After the heading has taken the focus, as it does wherever somebody navigates.
  useEffect(() => {
    if (!takesFocus) return
    const next = requestAnimationFrame(() => field.current?.focus({ preventScroll: true }))
    return () => cancelAnimationFrame(next)
  }, [takesFocus])

  const write = (next: string) => {
    setText(next)
    setFault(null)
  }
  const send = () => {
    if (!isSendable) return
    const input = AppendMessage.shape.content.safeParse(text)
    if (!input.success) return setFault(input.error.issues[0]?.message ?? 'Not a text that can be stored')
    write('')
    field.current?.focus()
    onSend(input.data)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    send()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape' && answering) {
      event.preventDefault()
      answering.onStop()
    }
    if (event.key !== 'Enter' || event.shiftKey || (entersLines() && !event.ctrlKey && !event.metaKey)) return
    event.preventDefault()
    send()
  }

  return (
    <form className={foot.form} onSubmit={submit} aria-label="New message">
      <Textarea
        ref={field}
        aria-label="Message"
        placeholder="Write a message"
        aria-keyshortcuts="Enter"
        autosize
        minRows={1}
        maxRows={8}
        value={text}
        error={fault}
        classNames={{ input: classes.input }}
        onChange={(event) => write(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div className={foot.actions}>
        <span className={foot.hint}>
          <Hint remaining={remaining} isAnswering={answering !== null} />
        </span>
        {answering ? (
          <Button
            variant="default"
            leftSection={<IconPlayerStop size="1rem" aria-hidden />}
            loading={answering.isStopping}
            onClick={answering.onStop}
          >
            Stop answering
          </Button>
        ) : (
          <Button type="submit" leftSection={<IconSend size="1rem" aria-hidden />} disabled={!isSendable}>
            Send
          </Button>
        )}
      </div>
    </form>
  )
}

function Hint({ remaining, isAnswering }: { remaining: number; isAnswering: boolean }) {
  if (remaining < 0) return <strong className={foot.tooMany}>{counted.format(-remaining)} characters too many</strong>
  if (remaining <= remainingShownFrom) return `${counted.format(remaining)} characters left`
  if (isAnswering)
    return (
      <span className={foot.keys}>
        <Kbd size="xs">Esc</Kbd> stops the answer
      </span>
    )
  return (
    <span className={foot.keys}>
      <Kbd size="xs">Enter</Kbd> sends, <Kbd size="xs">Shift</Kbd> <Kbd size="xs">Enter</Kbd> starts a new line
    </span>
  )
}

const counted = new Intl.NumberFormat('en')
