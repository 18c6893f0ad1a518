/** Where the holder of the ring writes the next segment and passes the ring on; for other users, who holds it. */
import { Button, Kbd, Textarea } from '@mantine/core'
import { IconCircle, IconClock } from '@tabler/icons-react'
import { type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { AppendSegment, draftLimits } from '../../../../shared/drafts.ts'
import type { PersonRef } from '../../../../shared/person-ref.ts'
import type { Present } from '../../../../shared/presence.ts'
import foot from '../../page/foot.module.css'
import { modifierKey } from '../../shell/modifier-key.ts'
import { announce } from '../../toasts/announcer.tsx'
import { showFailure } from '../../toasts/toasts.tsx'
import { useUnsentText } from '../../unsent/use-unsent-text.ts'
import { type DraftHead, nameIn, ringHolderId } from '../draft-head.ts'
import { PassRing } from '../people/pass-ring.tsx'
import { namesOf } from '../people/people-here.tsx'
import type { OpenDraft } from '../use-draft.ts'
import classes from './editor.module.css'

const remainingShownFrom = 500

interface Props {
  now: OpenDraft
  draft: DraftHead
  myId: string
  /** Other users who are typing. */
  writers: Present[]
  onWriting: (writing: boolean) => void
  onAdd: () => void
}

export function Editor({ now, draft, myId, writers, onWriting, onAdd }: Props) {
  const { live } = now
  const turnId = useId()
  const turn = useRef<HTMLParagraphElement>(null)
  const field = useRef<HTMLTextAreaElement>(null)
  const [text, setText] = useUnsentText(live.unsent)
  const [fault, setFault] = useState<string | null>(null)
  const holderId = ringHolderId(now)
  const isMine = holderId === myId
  const isOwner = draft.ownerId === myId
  const [isTaking, setTaking] = useState(false)
  const others = draft.collaborators.filter(({ id, mayWrite }) => id !== myId && mayWrite)
  const isWaiting = now.unsent.some(({ status }) => status === 'waiting')
  const isEmpty = text.trim() === ''

  const write = (next: string) => {
    setText(next)
    setFault(null)
    onWriting(next.trim() !== '')
  }
  const add = () => {
    if (!isMine || isEmpty) return
    const input = AppendSegment.shape.text.safeParse(text)
    if (!input.success) return setFault(input.error.issues[0]?.message ?? 'Not a text that can be stored')
    live.append(input.data)
    write('')
    field.current?.focus()
    onAdd()
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.nativeEvent.isComposing) return
    event.preventDefault()
    add()
  }
  const pass = async ({ id, displayName }: PersonRef) => {
    const passing = live.passRing(id)
    onWriting(false)
    // The button that had the focus goes with the ring.
    setTimeout(() => turn.current?.focus(), 50)
    try {
      await passing
      announce(`You passed the ring to ${displayName}.`)
    } catch (error) {
      showFailure('The ring was not passed', error)
    }
  }
  const take = async () => {
    setTaking(true)
    try {
      await live.takeRing()
      announce('You hold the ring again.')
    } catch (error) {
      setTaking(false)
      showFailure('The ring was not taken back', error)
    }
  }
  // The focused button is removed once the event has reported the ring.
  useEffect(() => {
    if (!isMine || !isTaking) return
    setTaking(false)
    field.current?.focus()
  }, [isMine, isTaking])

  const orTaken = isOwner ? ', or when you take it back' : ''
  return (
    <form className={foot.form} onSubmit={submit} aria-label="Next segment">
      {!isMine && (
        <p ref={turn} id={turnId} tabIndex={-1} className={classes.turn}>
          {now.ringPass && !now.ringPass.isAnswered ? (
            <>
              <IconClock size="1rem" aria-hidden /> Passing the ring to {nameIn(draft, holderId)}
            </>
          ) : writers.length > 0 ? (
            // As long as the text in whose place it stands, so that nothing moves; and not announced.
            `${namesOf(writers)} ${writers.length === 1 ? 'is' : 'are'} writing… You can write when the ring is passed to you${orTaken}.`
          ) : (
            `${nameIn(draft, holderId)} holds the ring. You can write when it is passed to you${orTaken}.`
          )}
        </p>
      )}
      <Textarea
        ref={field}
        aria-label="Next segment"
        placeholder={isMine ? 'Write the next segment' : undefined}
        aria-describedby={isMine ? undefined : turnId}
        aria-keyshortcuts="Control+Enter Meta+Enter"
        autosize
        minRows={isMine ? 2 : 1}
        maxRows={10}
        disabled={!isMine}
        value={text}
        error={fault}
        onChange={(event) => write(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {!isMine && isOwner && (
        <div className={foot.actions}>
          <Button
            variant="default"
            leftSection={<IconCircle size="0.875rem" stroke={4} aria-hidden />}
            loading={isTaking}
            onClick={take}
          >
            Take the ring back
          </Button>
        </div>
      )}
      {isMine && (
        <div className={foot.actions}>
          <span className={`${foot.hint} ${classes.hint}`}>
            {isWaiting ? (
              'The ring can be passed once what you wrote is sent.'
            ) : (
              <Remaining count={draftLimits.segmentLength - text.length} />
            )}
          </span>
          <PassRing isDisabled={isWaiting} others={others} onPass={pass} />
          <Button type="submit" disabled={isEmpty}>
            Add segment
          </Button>
        </div>
      )}
    </form>
  )
}

function Remaining({ count }: { count: number }) {
  if (count < 0) return <strong className={foot.tooMany}>{-count} characters too many</strong>
  if (count <= remainingShownFrom) return `${count} characters left`
  return (
    <span className={foot.keys}>
      <Kbd size="xs">{modifierKey}</Kbd> <Kbd size="xs">Enter</Kbd> adds it
    </span>
  )
}
