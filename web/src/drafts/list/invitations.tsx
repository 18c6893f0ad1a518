/** The open invitations to a draft, which its owner can withdraw. */
import { Button } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useId } from 'react'
import type { Invitation } from '../../../../shared/invitations.ts'
import { LoadFailure } from '../../failure/load-failure.tsx'
import { RowSkeletons } from '../../page/row-skeletons.tsx'
import { TimeAgo } from '../../page/time-ago.tsx'
import { plinth } from '../../plinth.ts'
import { announce } from '../../toasts/announcer.tsx'
import { showFailure } from '../../toasts/toasts.tsx'
import { invitationsQuery, reloadInvitations } from '../draft-queries.ts'
import classes from '../people/people-dialog.module.css'

interface Props {
  draftId: string
  /** Moves the focus, which would be lost with the button. */
  onWithdrawn: () => void
}

export function Invitations({ draftId, onWithdrawn }: Props) {
  const headingId = useId()
  const { data, error, isFetching, refetch } = useQuery(invitationsQuery(draftId))
  const withdraw = useMutation({
    mutationFn: ({ id: invitationId }: Invitation) =>
      plinth.drafts.withdrawInvitation.mutate({ draftId, invitationId }),
    onSuccess: async ({ email }) => {
      onWithdrawn()
      announce(`The invitation to ${email} was withdrawn.`)
    },
    onError: (failure, { email }) => showFailure(`The invitation to ${email} was not withdrawn`, failure),
    onSettled: () => reloadInvitations(draftId),
  })
  if (error && !data) return <LoadFailure error={error} isRetrying={isFetching} onRetry={refetch} />
  if (!data) return <RowSkeletons count={1} label="Loading the invitations" />
  if (data.items.length === 0) return null
  return (
    <section className={classes.invited} aria-labelledby={headingId}>
      <h3 id={headingId} className={classes.heading}>
        Invited, not accepted yet
      </h3>
      <ul className={classes.people} aria-labelledby={headingId}>
        {data.items.map((invitation) => (
          <li key={invitation.id}>
            <span className={classes.name}>
              {invitation.email}
              <span className={classes.username}>
                invited <TimeAgo at={invitation.invitedAt} />
              </span>
            </span>
            <Button
              variant="default"
              size="xs"
              aria-label={`Withdraw the invitation to ${invitation.email}`}
              loading={withdraw.isPending && withdraw.variables.id === invitation.id}
              onClick={() => withdraw.mutate(invitation)}
            >
              Withdraw
            </Button>
          </li>
        ))}
      </ul>
    </section>
  )
}
