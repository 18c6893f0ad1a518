/** The drifts of one tab. The address has the tab and the filters; what happens shows at once. */
import { Button } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { driftLimits } from '../../../../shared/drifts.ts'
import { LoadFailure } from '../../failure/load-failure.tsx'
import { useStore } from '../../live/store.ts'
import filterClasses from '../../page/filters.module.css'
import { RowSkeletons } from '../../page/row-skeletons.tsx'
import { Section } from '../../page/section.tsx'
import { LeadToSignIn } from '../../session/lead-to-sign-in.ts'
import { useSession } from '../../session/session.ts'
import { announce } from '../../toasts/announcer.tsx'
import { TabbedPage, useIsClosed } from '../drift-frame.tsx'
import { useReview } from '../drift-review.tsx'
import { type DriftsSearch, driftsWords, tabOf } from '../drift-words.ts'
import { useSummary } from '../use-summary.ts'
import { useTellReview } from '../use-tell-review.ts'
import { DriftFilters } from './drift-filters.tsx'
import { DriftTable } from './drift-table.tsx'
import { NoDriftsYet } from './no-drifts-yet.tsx'

const about = {
  pending: 'Resources that are not in their expected state. An engineer approves or rejects each one.',
  decided: 'Approved or rejected, until their detector reports another state.',
  resolved: 'Back in their expected state.',
}
const emptyWords = {
  pending: 'Nothing to decide. New drifts appear here as they are reported.',
  decided: 'No drift is approved or rejected.',
  resolved: 'No drift is resolved.',
}

export function DriftsPage() {
  const { list: store } = useReview()
  const session = useSession()
  const search = useSearch({ from: '/drifts/' })
  const navigate = useNavigate({ from: '/drifts/' })
  const heading = useRef<HTMLHeadingElement>(null)
  const now = useStore(store)
  const { list, failure, isLoading, found } = now
  const tab = tabOf(search)
  const isFiltered = Boolean(
    search.search || search.severity || search.provider || search.status === 'approved' || search.status === 'rejected',
  )
  const canLoad = session.state !== 'ended'
  const { data: summary } = useSummary(canLoad)
  const hasNone = summary?.total === 0
  useTellReview()

  useEffect(() => {
    if (canLoad) store.show(search)
  }, [store, search, canLoad])

  const foundWords = found === null || isLoading || !isFiltered ? null : `${driftsWords(found)} found`
  useEffect(() => {
    if (foundWords) announce(foundWords)
  }, [foundWords])

  if (useIsClosed(failure)) return <LeadToSignIn />
  const filter = (change: DriftsSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false })
  const isEmpty = list !== null && list.rows.length === 0

  return (
    <TabbedPage tab={tab} search={{ ...search, status: undefined }} toDecide={summary?.byStatus.pending ?? null}>
      <Section
        title={isEmpty && hasNone ? 'No drifts yet' : list ? driftsWords(list.total) : 'Drifts'}
        headingRef={heading}
        about={about[tab]}
        action={
          !('person' in session) && (
            <Button variant="default" loading={isLoading} onClick={store.reload}>
              Refresh
            </Button>
          )
        }
      >
        {(!isEmpty || !hasNone || isFiltered) && (
          <DriftFilters filters={search} disabled={!canLoad} providers={summary?.providers ?? []} onChange={filter} />
        )}
        {failure && <LoadFailure error={failure} isRetrying={isLoading} onRetry={store.retry} />}
        {!failure &&
          !list &&
          (canLoad ? (
            <RowSkeletons count={8} label="Loading drifts" />
          ) : (
            <p>The list was not loaded before your session ended. Sign in again to see it.</p>
          ))}
        {isEmpty && !isFiltered && (hasNone ? <NoDriftsYet /> : summary && <p>{emptyWords[tab]}</p>)}
        {isEmpty && isFiltered && (
          <div className={filterClasses.empty}>
            <p>No drift matches these filters.</p>
            <Button
              variant="default"
              onClick={() => {
                const status = tab === 'pending' ? undefined : tab
                void navigate({ search: { status }, replace: true, resetScroll: false })
                // The button that had the focus is removed.
                heading.current?.focus()
              }}
            >
              Clear filters
            </Button>
          </div>
        )}
        {search.search && list && list.total >= driftLimits.found && (
          <p className={filterClasses.note}>
            {driftLimits.found} of the drifts that match are listed. Add a word to find the others.
          </p>
        )}
        {list && list.rows.length > 0 && <DriftTable now={now} list={list} />}
      </Section>
    </TabbedPage>
  )
}
