/** A page that broke while it was drawn. What the server refused is told in its place by LoadFailure instead. */
import { Button } from '@mantine/core'
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router'
import { toPlinthError } from '../../../client/plinth.ts'
import { Page } from '../page/page.tsx'
import classes from './failure.module.css'
import { FailureDetails } from './failure-details.tsx'
import { isCallFailure, loadFailureWords } from './failure-words.ts'

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const { code, requestId } = isCallFailure(error)
    ? toPlinthError(error)
    : { code: error instanceof Error ? error.message : 'unknown', requestId: null }
  const { title, advice } = isCallFailure(error)
    ? loadFailureWords(error)
    : { title: 'This page stopped working', advice: 'Try again. If it happens again, reload the whole app.' }
  const tryAgain = () => {
    reset()
    void router.invalidate()
  }
  return (
    <Page title={title}>
      <div className={classes.block}>
        <p>{advice}</p>
        <FailureDetails code={code} requestId={requestId} />
        <Button onClick={tryAgain}>Try again</Button>
        <Button variant="default" onClick={() => location.reload()}>
          Reload
        </Button>
      </div>
    </Page>
  )
}
