/** Everybody's API keys, or one person's: what calls here in whose name, and taking it back. */
import { Button } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useRef } from 'react'
import type { Person } from '../../../shared/account.ts'
import { itemsOf } from '../account/account-queries.ts'
import { ApiKeyList } from '../account/api-keys/api-key-list.tsx'
import { ReauthenticationDialog } from '../account/reauthentication-dialog.tsx'
import { ShowMore } from '../account/show-more.tsx'
import { useReauthentication } from '../account/use-reauthentication.ts'
import { LoadFailure } from '../failure/load-failure.tsx'
import classes from '../page/filters.module.css'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { Section } from '../page/section.tsx'
import { plinth, queryClient, trpc } from '../plinth.ts'
import { AdminPage } from './admin-page.tsx'
import { allApiKeysQuery } from './admin-queries.ts'
import { PersonName } from './audit/target-name.tsx'
import { NewDetectorKey } from './new-detector-key.tsx'

export function AllApiKeysPage() {
  return (
    <AdminPage title="All API keys" capability="person:manage">
      {(me, isReadOnly) => <ApiKeys me={me} isReadOnly={isReadOnly} />}
    </AdminPage>
  )
}

const reload = () => queryClient.invalidateQueries(trpc.apiKeys.pathFilter())

function ApiKeys({ me, isReadOnly }: { me: Person; isReadOnly: boolean }) {
  const search = useSearch({ from: '/admin/api-keys' })
  const navigate = useNavigate({ from: '/admin/api-keys' })
  const heading = useRef<HTMLHeadingElement>(null)
  const reauthentication = useReauthentication()
  const list = useInfiniteQuery({ ...allApiKeysQuery(search), enabled: !isReadOnly })
  const apiKeys = list.data && itemsOf(list.data)
  const showAll = () => {
    void navigate({ search: {}, replace: true, resetScroll: false })
    // The button that had the focus goes.
    heading.current?.focus()
  }

  return (
    <Section
      title="API keys"
      headingRef={heading}
      about="Programs use these keys to act for the users who made them. Users make their own keys on their account page. Here you make a key for a detector, which can only read and report drifts."
      action={<NewDetectorKey me={me} isReadOnly={isReadOnly} />}
    >
      {search.personId && (
        <fieldset className={classes.filters} disabled={isReadOnly} aria-label="Filters">
          <Button
            variant="light"
            rightSection={<IconX size="1rem" aria-hidden />}
            title="Show all keys"
            onClick={showAll}
          >
            Of <PersonName personId={search.personId} />
          </Button>
        </fieldset>
      )}
      {list.error && !apiKeys && (
        <LoadFailure error={list.error} isRetrying={list.isFetching} onRetry={() => void list.refetch()} />
      )}
      {!list.error &&
        !apiKeys &&
        (isReadOnly ? (
          <p>The list was not loaded before your session ended. Sign in again to see it.</p>
        ) : (
          <RowSkeletons count={3} label="Loading API keys" />
        ))}
      {apiKeys?.length === 0 && <p>{search.personId ? 'This user has no API keys.' : 'No API keys yet.'}</p>}
      {apiKeys && apiKeys.length > 0 && (
        <ApiKeyList
          apiKeys={apiKeys}
          isReadOnly={isReadOnly}
          revoke={(keyId) => plinth.apiKeys.revokeAny.mutate({ keyId })}
          needsReauthentication={reauthentication.needs}
          reload={reload}
          heading={heading}
        />
      )}
      <ShowMore list={list} what="API keys" />
      <ReauthenticationDialog {...reauthentication.dialog} about="what programs may do" />
    </Section>
  )
}
