/** What support asks for: the code and the request id, out of the way until wanted. */
import classes from './failure.module.css'
import { RequestId } from './request-id.tsx'

export function FailureDetails({ code, requestId }: { code: string; requestId: string | null }) {
  return (
    <details className={classes.details}>
      <summary>Details</summary>
      <div>
        Code <code>{code}</code>
      </div>
      {requestId && (
        <div>
          Request id <RequestId value={requestId} />
        </div>
      )}
    </details>
  )
}
