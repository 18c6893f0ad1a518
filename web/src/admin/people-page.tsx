/** Everybody who has an account here, the newest first. What is looked for lives in the address. */
import { Button, NativeSelect, Stack } from '@mantine/core'
import { IconChevronDown, IconSearch } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import type { Person, Role } from '../../../shared/account.ts'
import { itemsOf } from '../account/account-queries.ts'
import { ReauthenticationDialog } from '../account/reauthentication-dialog.tsx'
import { roleNames } from '../account/role-names.ts'
import { ShowMore } from '../account/show-more.tsx'
import { LoadFailure } from '../failure/load-failure.tsx'
import { ConfirmDialog } from '../page/confirm-dialog.tsx'
import classes from '../page/filters.module.css'
import rows from '../page/row.module.css'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { SearchField } from '../page/search-field.tsx'
import { Section } from '../page/section.tsx'
import { announce } from '../toasts/announcer.tsx'
import { AdminPage } from './admin-page.tsx'
import { type PeopleSearch, peopleQuery } from './admin-queries.ts'
import { LegacyUses } from './legacy-uses.tsx'
import { PersonRow } from './person-row.tsx'
import { usePersonAct } from './use-person-act.ts'

export function PeoplePage() {
  return (
    <AdminPage title="People" capability="person:manage">
      {(me, isReadOnly) => <People me={me} isReadOnly={isReadOnly} />}
    </AdminPage>
  )
}

function People({ me, isReadOnly }: { me: Person; isReadOnly: boolean }) {
  const filters = useSearch({ from: '/admin/people' })
  const navigate = useNavigate({ from: '/admin/people' })
  const heading = useRef<HTMLHeadingElement>(null)
  const list = useInfiniteQuery({ ...peopleQuery(filters), enabled: !isReadOnly, placeholderData: keepPreviousData })
  const { asked, isAsking, pendingId, ask, cancel, confirm, reauthentication } = usePersonAct(me.id, heading)
  const people = list.data && itemsOf(list.data)
  const isFiltered = Object.values(filters).some((value) => value !== undefined)
  const filter = (change: PeopleSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false })

  const found = list.isPlaceholderData || !people || !isFiltered ? null : foundWords(people.length, list.hasNextPage)
  useEffect(() => {
    if (found) announce(found)
  }, [found])

  return (
    <Stack gap="lg">
      <Section
        title="Users"
        headingRef={heading}
        about="All accounts, newest first. Change a user’s role, or end their access."
      >
        <fieldset className={classes.filters} disabled={isReadOnly} aria-label="Filters">
          <SearchField
            label="Search"
            placeholder="Name, username or address"
            maxLength={254}
            icon={<IconSearch size="1rem" aria-hidden />}
            value={filters.search ?? ''}
            onChange={(search) => filter({ search: search || undefined })}
          />
          <NativeSelect
            className={classes.choice}
            label="Role"
            rightSection={<IconChevronDown size="1rem" aria-hidden />}
            data={[
              { value: '', label: 'Any role' },
              ...Object.entries(roleNames).map(([value, label]) => ({ value, label })),
            ]}
            value={filters.role ?? ''}
            onChange={({ currentTarget }) => filter({ role: (currentTarget.value || undefined) as Role | undefined })}
          />
          <NativeSelect
            className={classes.choice}
            label="State"
            rightSection={<IconChevronDown size="1rem" aria-hidden />}
            data={[
              { value: '', label: 'Any state' },
              { value: 'true', label: 'Enabled' },
              { value: 'false', label: 'Disabled' },
            ]}
            value={filters.active === undefined ? '' : String(filters.active)}
            onChange={({ currentTarget: { value } }) => filter({ active: value === '' ? undefined : value === 'true' })}
          />
        </fieldset>
        {list.error && !people && (
          <LoadFailure error={list.error} isRetrying={list.isFetching} onRetry={() => void list.refetch()} />
        )}
        {!list.error &&
          !people &&
          (isReadOnly ? (
            <p>The list was not loaded before your session ended. Sign in again to see it.</p>
          ) : (
            <RowSkeletons count={5} label="Loading people" />
          ))}
        {people?.length === 0 && (
          <div className={classes.empty}>
            <p>No user matches these filters.</p>
            <Button variant="default" onClick={() => void navigate({ search: {}, replace: true })}>
              Clear filters
            </Button>
          </div>
        )}
        {people && people.length > 0 && (
          <ul className={`${rows.list} ${classes.list}`} data-pending={list.isPlaceholderData || undefined}>
            {people.map((person) => (
              <li key={person.id}>
                <PersonRow
                  person={person}
                  isMe={person.id === me.id}
                  isReadOnly={isReadOnly}
                  isPending={pendingId === person.id}
                  onAct={(act, opener) => ask({ person, act, opener })}
                />
              </li>
            ))}
          </ul>
        )}
        <ShowMore list={list} what="people" />
        <ConfirmDialog
          asked={asked}
          opened={isAsking}
          isPending={pendingId !== null}
          onCancel={cancel}
          onConfirm={confirm}
        />
        <ReauthenticationDialog {...reauthentication} about="what an account may do" />
      </Section>
      {people && <LegacyUses isReadOnly={isReadOnly} />}
    </Stack>
  )
}

const foundWords = (count: number, hasMore: boolean) =>
  `${hasMore ? 'More than ' : ''}${count} ${count === 1 ? 'person' : 'people'} found`
