/**
 * Short news at the edge of the page. A failure says what did not happen, why, and what to do; it stays until it is
 * closed, because reading takes as long as it takes. Code and request id are in its details.
 */
import { Button, Group } from '@mantine/core'
import { type NotificationData, notifications } from '@mantine/notifications'
import type { ReactNode } from 'react'
import { type PlinthError, toPlinthError } from '../../../client/plinth.ts'
import { FailureDetails } from '../failure/failure-details.tsx'
import { actionAdvice } from '../failure/failure-words.ts'
import { onPagesCleared } from '../session/clear-pages.ts'
import { modifierKey } from '../shell/modifier-key.ts'
import { announce } from './announcer.tsx'
import classes from './toasts.module.css'

const doneShownMs = 4000
const undoShownMs = 10_000
let undos = 0

onPagesCleared(() => notifications.clean())

/** `title` says what did not happen, as in `The name was not saved`. */
export function showFailure(title: string, error: unknown, advice?: string) {
  const failure = toPlinthError(error)
  showProblem(title, advice ?? actionAdvice(failure), failure)
}

export function showProblem(title: string, advice: string, failure: Pick<PlinthError, 'code' | 'requestId'>) {
  show(title, advice, {
    id: failure.requestId ?? `${failure.code} ${title}`,
    color: 'red',
    autoClose: false,
    message: (
      <>
        {advice}
        <FailureDetails code={failure.code} requestId={failure.requestId} />
      </>
    ),
  })
}

export function showDone(text: string) {
  show(text, '', { autoClose: doneShownMs, message: text, title: undefined })
}

/** Of what can be taken back, for as long as it is shown; `onGone` when that is over. Returns its id. */
export function showUndo(text: string, undo: () => void, onGone: () => void): string {
  const id = `undo ${++undos}`
  show(text, `Undo with ${modifierKey} Z.`, {
    id,
    autoClose: undoShownMs,
    onClose: onGone,
    title: undefined,
    message: (
      <Group justify="space-between" gap="sm" wrap="nowrap">
        <span className={classes.words} title={text}>
          {text}
        </span>
        <Button
          size="compact-sm"
          variant="light"
          className={classes.undo}
          onClick={undo}
          aria-keyshortcuts="Control+Z Meta+Z"
        >
          Undo
        </Button>
      </Group>
    ),
  })
  return id
}

function show(title: string, advice: string, data: NotificationData & { message: ReactNode }) {
  announce(advice ? `${title}. ${advice}` : title)
  notifications.show({
    title,
    // The announcer speaks for it, politely; Mantine would make it an alert.
    role: 'group',
    'aria-label': title,
    withBorder: true,
    closeButtonProps: { 'aria-label': 'Dismiss' },
    ...data,
  })
}
