/** Who changed what, the newest first. What is looked for lives in the address. */
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { IconChevronDown, IconX } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { itemsOf } from '../../account/account-queries.ts'
import { ShowMore } from '../../account/show-more.tsx'
import { LoadFailure } from '../../failure/load-failure.tsx'
import classes from '../../page/filters.module.css'
import rows from '../../page/row.module.css'
import { RowSkeletons } from '../../page/row-skeletons.tsx'
import { SearchField } from '../../page/search-field.tsx'
import { Section } from '../../page/section.tsx'
import type { Product } from '../../products/product.ts'
import { useProducts } from '../../products/use-products.ts'
import { announce } from '../../toasts/announcer.tsx'
import { AdminPage } from '../admin-page.tsx'
import { type AuditSearch, auditQuery } from '../admin-queries.ts'
import { ActorField } from './actor-field.tsx'
import { AuditRow } from './audit-row.tsx'
import { actionTitle, actionWordsOf } from './audit-words.ts'
import { PersonName } from './target-name.tsx'

export function AuditPage() {
  return (
    <AdminPage title="Audit log" capability="audit-log:read">
      {(_me, isReadOnly) => <Records isReadOnly={isReadOnly} />}
    </AdminPage>
  )
}

function Records({ isReadOnly }: { isReadOnly: boolean }) {
  const filters = useSearch({ from: '/admin/audit' })
  const navigate = useNavigate({ from: '/admin/audit' })
  const products = useProducts()
  const heading = useRef<HTMLHeadingElement>(null)
  const list = useInfiniteQuery({ ...auditQuery(filters), enabled: !isReadOnly, placeholderData: keepPreviousData })
  const records = list.data && itemsOf(list.data)
  const isFiltered = Object.values(filters).some((value) => value !== undefined)
  const filter = (change: AuditSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false })
  const clear = (change: AuditSearch) => {
    filter(change)
    // The button that had the focus goes.
    heading.current?.focus()
  }

  const found = list.isPlaceholderData || !records || !isFiltered ? null : foundWords(records.length, list.hasNextPage)
  useEffect(() => {
    if (found) announce(found)
  }, [found])

  return (
    <Section
      title="What was changed"
      headingRef={heading}
      about="Every change and every sign-in, newest first. Open one to see the values before and after."
      action={
        <Button variant="default" disabled={isReadOnly} loading={list.isRefetching} onClick={() => void list.refetch()}>
          Refresh
        </Button>
      }
    >
      <fieldset className={classes.filters} disabled={isReadOnly} aria-label="Filters">
        <NativeSelect
          className={classes.choice}
          label="Action"
          rightSection={<IconChevronDown size="1rem" aria-hidden />}
          data={actionChoices(filters.action, products)}
          value={filters.action ?? ''}
          onChange={({ currentTarget }) => filter({ action: currentTarget.value || undefined })}
        />
        <ActorField onChoose={(actorId) => filter({ actorId })} />
        {(['from', 'to'] as const).map((end) => (
          <TextInput
            key={end}
            type="date"
            className={classes.day}
            label={end === 'from' ? 'From' : 'To'}
            value={filters[end] ?? ''}
            min={end === 'to' ? filters.from : undefined}
            max={end === 'from' ? filters.to : undefined}
            onChange={({ currentTarget }) => filter({ [end]: currentTarget.value || undefined })}
          />
        ))}
        <SearchField
          label="On"
          placeholder="Such as draft:0199…"
          maxLength={200}
          value={filters.target ?? ''}
          onChange={(target) => filter({ target: target || undefined })}
        />
        {filters.actorId && (
          <Button
            variant="light"
            rightSection={<IconX size="1rem" aria-hidden />}
            title="Show the actions of all users"
            onClick={() => clear({ actorId: undefined })}
          >
            By <PersonName personId={filters.actorId} />
          </Button>
        )}
        {filters.apiKeyId && (
          <Button
            variant="light"
            rightSection={<IconX size="1rem" aria-hidden />}
            title="Show also what was done without this API key"
            onClick={() => clear({ apiKeyId: undefined })}
          >
            By API key …{filters.apiKeyId.slice(-8)}
          </Button>
        )}
      </fieldset>
      {list.error && !records && (
        <LoadFailure error={list.error} isRetrying={list.isFetching} onRetry={() => void list.refetch()} />
      )}
      {!list.error &&
        !records &&
        (isReadOnly ? (
          <p>The log was not loaded before your session ended. Sign in again to see it.</p>
        ) : (
          <RowSkeletons count={6} label="Loading the audit log" />
        ))}
      {records?.length === 0 && (
        <div className={classes.empty}>
          <p>{isFiltered ? 'Nothing recorded matches these filters.' : 'Nothing has been recorded yet.'}</p>
          {isFiltered && (
            <Button variant="default" onClick={() => clear(noFilters)}>
              Clear filters
            </Button>
          )}
        </div>
      )}
      {records && records.length > 0 && (
        <ul className={`${rows.list} ${classes.list}`} data-pending={list.isPlaceholderData || undefined}>
          {records.map((record) => (
            <li key={record.id}>
              <AuditRow record={record} />
            </li>
          ))}
        </ul>
      )}
      <ShowMore list={list} what="records" />
    </Section>
  )
}

const noFilters: Record<keyof AuditSearch, undefined> = {
  actorId: undefined,
  apiKeyId: undefined,
  action: undefined,
  target: undefined,
  from: undefined,
  to: undefined,
}

function actionChoices(chosen: string | undefined, products: readonly Product[]) {
  const words = actionWordsOf(products)
  const known = Object.keys(words)
  const actions = chosen && !known.includes(chosen) ? [chosen, ...known] : known
  return [{ value: '', label: 'Any action' }, ...actions.map((value) => ({ value, label: actionTitle(value, words) }))]
}

const foundWords = (count: number, hasMore: boolean) =>
  `${hasMore ? 'More than ' : ''}${count} ${count === 1 ? 'record' : 'records'} found`
