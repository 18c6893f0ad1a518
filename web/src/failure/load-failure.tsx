/** In the place of what could not be loaded: what happened, what to do, and the request id to copy. */
import { Button, Text } from '@mantine/core'
import { toPlinthError } from '../../../client/plinth.ts'
import classes from './failure.module.css'
import { FailureDetails } from './failure-details.tsx'
import { loadFailureWords } from './failure-words.ts'

interface Props {
  error: unknown
  isRetrying: boolean
  onRetry: () => void
}

export function LoadFailure({ error, isRetrying, onRetry }: Props) {
  const { code, requestId } = toPlinthError(error)
  const { title, advice } = loadFailureWords(error)
  return (
    <div className={classes.block} role="alert">
      <Text component="h2" fz="lg" fw={650}>
        {title}
      </Text>
      <p>{advice}</p>
      <FailureDetails code={code} requestId={requestId} />
      <Button variant="default" loading={isRetrying} onClick={onRetry}>
        Try again
      </Button>
    </div>
  )
}
