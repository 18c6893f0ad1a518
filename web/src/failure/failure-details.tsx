/** What support asks for: the code and the request id, out of the way until wanted. */
import { Button, CopyButton } from '@mantine/core'
import classes from './failure.module.css'

export function FailureDetails({ code, requestId }: { code: string; requestId: string | null }) {
  return (
    <details className={classes.details}>
      <summary>Details</summary>
      <div>
        Code <code>{code}</code>
      </div>
      {requestId && (
        <div>
          Request id <code>{requestId}</code>
          <CopyButton value={requestId}>
            {({ copied, copy }) => (
              <Button variant="subtle" size="compact-xs" onClick={copy}>
                {copied ? 'Copied' : 'Copy request id'}
              </Button>
            )}
          </CopyButton>
        </div>
      )}
    </details>
  )
}
