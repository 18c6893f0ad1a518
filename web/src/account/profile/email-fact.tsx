/** The address of an account, and whether it is known to be the person's own. */
import { Badge, Button } from '@mantine/core'
import type { Person } from '../../../../shared/account.ts'
import classes from './profile-tab.module.css'
import { useResendVerification } from './use-resend-verification.ts'

export function EmailFact({ person: { email, emailVerified }, isReadOnly }: { person: Person; isReadOnly: boolean }) {
  const resend = useResendVerification()
  if (!email) return 'None: your way to sign in gave no address that you may hold here.'
  return (
    <div className={classes.email}>
      <span>{email}</span>
      <Badge variant="light" color={emailVerified ? undefined : 'gray'}>
        {emailVerified ? 'Confirmed' : 'Not confirmed'}
      </Badge>
      {!emailVerified && (
        <Button
          variant="default"
          size="xs"
          disabled={isReadOnly}
          loading={resend.isPending}
          onClick={() => resend.mutate({ email })}
        >
          Send the mail again
        </Button>
      )}
    </div>
  )
}
