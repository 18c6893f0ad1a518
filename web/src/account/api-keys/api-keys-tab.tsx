/** The API keys of this account: making one, seeing when each was used, taking one back. */
import { Anchor, Button } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { LoadFailure } from '../../failure/load-failure.tsx'
import { RowSkeletons } from '../../page/row-skeletons.tsx'
import { Section } from '../../page/section.tsx'
import { plinth, queryClient } from '../../plinth.ts'
import { useSession } from '../../session/session.ts'
import { apiKeysQuery, itemsOf } from '../account-queries.ts'
import { ReauthenticationDialog } from '../reauthentication-dialog.tsx'
import { ShowMore } from '../show-more.tsx'
import { useReauthentication } from '../use-reauthentication.ts'
import { ApiKeyDialog } from './api-key-dialog.tsx'
import { ApiKeyList } from './api-key-list.tsx'
import classes from './api-keys.module.css'

const reload = () => queryClient.invalidateQueries({ queryKey: apiKeysQuery.queryKey })

export function ApiKeysTab() {
  const session = useSession()
  const isSignedIn = session.state === 'signed-in'
  const heading = useRef<HTMLHeadingElement>(null)
  const list = useInfiniteQuery({ ...apiKeysQuery, enabled: isSignedIn })
  const [isMaking, setMaking] = useState(false)
  const reauthentication = useReauthentication()
  const apiKeys = list.data && itemsOf(list.data)
  const newKey = (
    <Button leftSection={<IconPlus size="1rem" aria-hidden />} disabled={!isSignedIn} onClick={() => setMaking(true)}>
      New API key
    </Button>
  )

  return (
    <Section
      title="API keys"
      headingRef={heading}
      about={
        <>
          For programs that call Plinth in your name. A key may do what you choose for it, and never more than you may
          yourself.{' '}
          <Anchor inherit href="/api/docs">
            API reference
          </Anchor>
        </>
      }
      action={apiKeys && apiKeys.length > 0 && newKey}
    >
      {list.error && !apiKeys && (
        <LoadFailure error={list.error} isRetrying={list.isFetching} onRetry={() => void list.refetch()} />
      )}
      {!list.error && !apiKeys && isSignedIn && <RowSkeletons count={2} label="Loading API keys" />}
      {!list.error && !apiKeys && !isSignedIn && (
        <p>The list was not loaded before your session ended. Sign in again to see it.</p>
      )}
      {apiKeys?.length === 0 && (
        <div className={classes.empty}>
          <p>You have no API keys. Make one for each program that is to work without you, such as a nightly report.</p>
          {newKey}
        </div>
      )}
      {apiKeys && apiKeys.length > 0 && (
        <ApiKeyList
          apiKeys={apiKeys}
          isReadOnly={!isSignedIn}
          revoke={(keyId) => plinth.apiKeys.revoke.mutate({ keyId })}
          reload={reload}
          heading={heading}
        />
      )}
      <ShowMore list={list} what="API keys" />
      {'person' in session && (
        <ApiKeyDialog
          opened={isMaking}
          role={session.person.role}
          needsReauthentication={reauthentication.needs}
          onMade={() => void reload()}
          onClose={() => setMaking(false)}
        />
      )}
      <ReauthenticationDialog {...reauthentication.dialog} />
    </Section>
  )
}
