import { Button } from '@mantine/core'
import { type Icon, IconBrandGoogleFilled, IconId, IconKey } from '@tabler/icons-react'
import type { Identity } from '../../../../shared/account.ts'
import { Row } from '../../page/row.tsx'
import { Day, TimeAgo } from '../../page/time-ago.tsx'
import { providerNames } from './provider-names.ts'

const icons: Partial<Record<Identity['provider'], Icon>> = { google: IconBrandGoogleFilled, password: IconKey }

export const nameOf = ({ provider, email }: Identity) =>
  email ? `${providerNames[provider]} (${email})` : providerNames[provider]

interface Props {
  identity: Identity
  /** The only way to sign in, which stays. */
  isOnly: boolean
  isDisabled: boolean
  isPending: boolean
  onUnlink: () => void
}

export function IdentityRow({ identity, isOnly, isDisabled, isPending, onUnlink }: Props) {
  const { provider, email, createdAt, lastUsedAt } = identity
  return (
    <Row
      icon={icons[provider] ?? IconId}
      strong={providerNames[provider]}
      quiet={
        <>
          {email ?? 'No e-mail address'} · Added on <Day at={createdAt} /> · Last used <TimeAgo at={lastUsedAt} />
        </>
      }
      isPending={isPending}
      side={
        !isOnly && (
          <Button
            variant="default"
            size="xs"
            disabled={isDisabled}
            aria-label={provider === 'password' ? 'Remove password' : `Unlink ${nameOf(identity)}`}
            onClick={onUnlink}
          >
            {provider === 'password' ? 'Remove' : 'Unlink'}
          </Button>
        )
      }
    />
  )
}
