import { Anchor, Badge, Button } from '@mantine/core'
import { IconApi } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { ApiKey, ManagedApiKey } from '../../../../shared/api-keys.ts'
import { Row } from '../../page/row.tsx'
import { Day, TimeAgo } from '../../page/time-ago.tsx'
import { scopeNames } from './scope-names.ts'

/** With its person where it may be anybody's. */
export type ListedApiKey = ApiKey & Partial<Pick<ManagedApiKey, 'person'>>

export const isExpired = ({ expiresAt }: ApiKey) => expiresAt !== null && Date.parse(expiresAt) <= Date.now()

interface Props {
  apiKey: ListedApiKey
  isReadOnly: boolean
  isRevoking: boolean
  onRevoke: () => void
}

export function ApiKeyRow({ apiKey, isReadOnly, isRevoking, onRevoke }: Props) {
  const { name, scopes, person, createdAt, lastUsedAt, expiresAt } = apiKey
  const isOver = isExpired(apiKey)
  const what = isOver ? 'Remove' : 'Revoke'
  return (
    <Row
      icon={IconApi}
      isPending={isRevoking}
      strong={
        <>
          {name}
          {isOver && (
            <Badge variant="light" color="red">
              Expired
            </Badge>
          )}
        </>
      }
      quiet={
        <>
          {person && `${person.displayName} · `}
          {scopes.map((scope) => scopeNames[scope]).join(', ') || 'May do nothing any more'} ·{' '}
          {lastUsedAt ? (
            <>
              Last used <TimeAgo at={lastUsedAt} />
            </>
          ) : (
            'Not used yet'
          )}{' '}
          · Made on <Day at={createdAt} /> ·{' '}
          {expiresAt ? (
            <>
              {isOver ? 'Expired' : 'Expires'} on <Day at={expiresAt} />
            </>
          ) : (
            'Does not expire'
          )}
          {person && (
            <>
              {' · '}
              <Anchor
                inherit
                renderRoot={(props) => <Link to="/admin/audit" search={{ apiKeyId: apiKey.id }} {...props} />}
              >
                Its actions
              </Anchor>
            </>
          )}
        </>
      }
      side={
        <Button
          variant="default"
          size="xs"
          disabled={isReadOnly || isRevoking}
          aria-label={`${what} ${name}`}
          onClick={onRevoke}
        >
          {what}
        </Button>
      }
    />
  )
}
