/** Invitations to e-mail addresses: each is accepted for the user who has verified the address. */
import { z } from 'zod'
import { Id, TargetId } from './id.ts'
import { Instant } from './instant.ts'
import { pageOf } from './pages.ts'

export const invitationLimits = {
  goodForDays: 30,
  /** Open invitations of one user. */
  openPerInviter: 200,
  /** Mails to one address in 24 hours; further ones are sent later. */
  mailsPerAddress: 10,
  /** Of these, mails for one inviter. */
  mailsPerInviter: 3,
} as const

export const Invitation = z
  .object({
    id: Id,
    /** As the inviter typed it. */
    email: z.string().meta({ example: 'grace@example.org' }),
    invitedAt: Instant,
    expiresAt: Instant,
  })
  .meta({
    id: 'Invitation',
    description:
      'An invitation to an e-mail address. The response is the same whether or not an account has the address',
  })
export type Invitation = z.infer<typeof Invitation>
export const Invitations = pageOf(Invitation)

export const NamedInvitation = z.object({ invitationId: TargetId })
