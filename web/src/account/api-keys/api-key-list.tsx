/** API keys, one's own or anybody's, and taking them back. Asks once, naming the key. */
import { useMutation } from '@tanstack/react-query'
import { type RefObject, useState } from 'react'
import { errorCode } from '../../../../client/plinth.ts'
import { ConfirmDialog, type Question } from '../../page/confirm-dialog.tsx'
import rows from '../../page/row.module.css'
import { TimeAgo } from '../../page/time-ago.tsx'
import { showDone, showFailure } from '../../toasts/toasts.tsx'
import { ApiKeyRow, isExpired, type ListedApiKey } from './api-key-row.tsx'

interface Props {
  apiKeys: ListedApiKey[]
  isReadOnly: boolean
  /** @throws PlinthError */
  revoke: (keyId: string) => Promise<void>
  /** Of keys whose revoking needs a fresh sign-in: as of `useReauthentication`. */
  needsReauthentication?: (error: unknown, again: () => void) => boolean
  reload: () => Promise<void>
  /** Gets the focus once the row that had it is gone. */
  heading: RefObject<HTMLHeadingElement | null>
}

export function ApiKeyList({ apiKeys, isReadOnly, revoke, needsReauthentication, reload, heading }: Props) {
  const [target, setTarget] = useState<ListedApiKey | null>(null)
  const [isAsking, setAsking] = useState(false)
  const gone = async (words: string) => {
    await reload()
    setAsking(false)
    setTimeout(() => heading.current?.focus(), 50)
    showDone(words)
  }
  const revoking = useMutation({
    mutationFn: ({ id }: ListedApiKey) => revoke(id),
    onSuccess: (_, key) => gone(isExpired(key) ? 'API key removed' : 'API key revoked'),
    onError: async (error, key) => {
      if (errorCode(error) === 'NOT_FOUND') return gone('That API key was revoked already')
      setAsking(false)
      if (needsReauthentication?.(error, () => revoking.mutate(key))) return
      showFailure('The API key was not revoked', error)
    },
  })
  return (
    <>
      <ul className={rows.list} aria-label="API keys">
        {apiKeys.map((apiKey) => (
          <li key={apiKey.id}>
            <ApiKeyRow
              apiKey={apiKey}
              isReadOnly={isReadOnly}
              isRevoking={revoking.isPending && revoking.variables.id === apiKey.id}
              onRevoke={() => {
                setTarget(apiKey)
                setAsking(true)
              }}
            />
          </li>
        ))}
      </ul>
      <ConfirmDialog
        asked={target && questionAbout(target)}
        opened={isAsking}
        isPending={revoking.isPending}
        onCancel={() => setAsking(false)}
        onConfirm={() => target && revoking.mutate(target)}
      />
    </>
  )
}

function questionAbout(apiKey: ListedApiKey): Question {
  const { name, person, lastUsedAt } = apiKey
  const whose = person ? ` of ${person.displayName}` : ''
  if (isExpired(apiKey))
    return {
      question: `Remove the API key “${name}”${whose}?`,
      consequence: 'It has expired, so nothing can be done with it any more. This takes it off the list.',
      confirm: 'Remove key',
      isHarmless: true,
    }
  return {
    question: `Revoke the API key “${name}”${whose}?`,
    consequence: (
      <>
        {lastUsedAt ? (
          <>
            It was last used <TimeAgo at={lastUsedAt} />.{' '}
          </>
        ) : (
          'It was not used yet. '
        )}
        Programs that have it are refused at once. This cannot be undone.
      </>
    ),
    confirm: 'Revoke key',
  }
}
