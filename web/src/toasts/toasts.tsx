/**
 * Short news at the edge of the page. A failure says what did not happen, why, and what to do; it stays until it is
 * closed, because reading takes as long as it takes. Code and request id are in its details.
 */
import { type NotificationData, notifications } from '@mantine/notifications'
import type { ReactNode } from 'react'
import { type PlinthError, toPlinthError } from '../../../client/plinth.ts'
import { FailureDetails } from '../failure/failure-details.tsx'
import { actionAdvice } from '../failure/failure-words.ts'
import { announce } from './announcer.tsx'

const doneShownMs = 4000

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
