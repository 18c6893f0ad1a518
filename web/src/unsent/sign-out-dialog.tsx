/** Signing out with unsent work: lists it, and offers what to do with it. */
import { Button, Radio, Stack } from '@mantine/core'
import { useEffect, useId, useRef, useState } from 'react'
import { FormFailure } from '../failure/form-failure.tsx'
import { Dialog } from '../page/dialog.tsx'
import { useSession } from '../session/session.ts'
import type { DialogState } from '../shell/use-lazy-dialog.ts'
import { announce } from '../toasts/announcer.tsx'
import { sendUnsent } from './send-unsent.ts'
import classes from './sign-out-dialog.module.css'
import { type UnsentItem, useUnsentItems } from './unsent-items.ts'
import { useLeave } from './use-leave.ts'

const itemsShown = 5
const actions = { send: 'Send and sign out', keep: 'Keep and sign out', discard: 'Discard and sign out' }
type Choice = keyof typeof actions

export function SignOutDialog({ opened, onClose }: DialogState) {
  const session = useSession()
  const personId = session.state === 'signed-in' ? session.person.id : null
  return (
    <Dialog opened={opened && personId !== null} onClose={onClose} title="Sign out before everything is sent?">
      {personId !== null && <Choices personId={personId} onCancel={onClose} />}
    </Dialog>
  )
}

function Choices({ personId, onCancel }: { personId: string; onCancel: () => void }) {
  const items = useUnsentItems(personId)
  const leave = useLeave()
  const listId = useId()
  const canSend = items.some(({ refusal }) => refusal === null)
  const [chosen, setChosen] = useState<Choice | null>(null)
  const choice = chosen === 'send' && !canSend ? 'keep' : (chosen ?? (canSend ? 'send' : 'keep'))
  const isSent = items.length === 0
  const sending = useRef<AbortController | null>(null)
  const [isPending, setPending] = useState(false)
  const [failure, setFailure] = useState<unknown>(null)

  // However it is closed, a send that is in progress must not sign out any more.
  useEffect(() => () => sending.current?.abort(), [])
  const confirm = async () => {
    setPending(true)
    setFailure(null)
    try {
      if (isSent) return await leave(null)
      if (choice !== 'send') return await leave(choice)
      sending.current = new AbortController()
      const { signal } = sending.current
      const isAllSent = await sendUnsent(personId, signal)
      signal.throwIfAborted()
      if (isAllSent) return await leave(null)
      announce('Not everything was sent. The reasons are in the list.')
    } catch (error) {
      if (!sending.current?.signal.aborted) setFailure(error)
    } finally {
      sending.current = null
      setPending(false)
    }
  }

  return (
    <Stack gap="md">
      {isSent ? (
        <p className={classes.lead}>Everything is sent now.</p>
      ) : (
        <>
          <div>
            <p id={listId} className={classes.lead}>
              {items.length === 1 ? 'This is only on this device:' : 'These are only on this device:'}
            </p>
            <ItemList items={items} labelledBy={listId} />
          </div>
          <Radio.Group label="What do you want to do?" value={choice} onChange={(value) => setChosen(value as Choice)}>
            <Stack gap="sm" mt="xs">
              {canSend && (
                <Radio
                  value="send"
                  label="Send now"
                  description={
                    items.some(({ isUnfinished }) => isUnfinished) ? 'Unfinished text is sent as it is.' : null
                  }
                  disabled={isPending}
                  data-autofocus={choice === 'send' || undefined}
                />
              )}
              <Radio
                value="keep"
                label="Keep on this device for 7 days"
                description="It comes back when you sign in here. It is not encrypted: on a device that others use, send or discard instead."
                disabled={isPending}
                data-autofocus={choice === 'keep' || undefined}
              />
              <Radio value="discard" label="Discard" description="This cannot be undone." disabled={isPending} />
            </Stack>
          </Radio.Group>
        </>
      )}
      <FormFailure title="You are still signed in" error={failure} />
      <div className={classes.actions}>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button
          color={choice === 'discard' && !isSent ? 'red' : undefined}
          classNames={{ root: classes.action, label: classes.label }}
          loading={isPending}
          onClick={confirm}
        >
          {isSent ? 'Sign out' : actions[choice]}
        </Button>
      </div>
    </Stack>
  )
}

function ItemList({ items, labelledBy }: { items: UnsentItem[]; labelledBy: string }) {
  const more = items.length - itemsShown
  return (
    <ul className={classes.items} aria-labelledby={labelledBy}>
      {items.slice(0, itemsShown).map(({ key, words, refusal }) => (
        <li key={key}>
          {words}
          {refusal && <span className={classes.reason}>Refused: {refusal}</span>}
        </li>
      ))}
      {more > 0 && <li>And {more} more</li>}
    </ul>
  )
}
