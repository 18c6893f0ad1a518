/** All drifts, the newest detected first. What is looked for lives in the address; what happens shows at once. */
import { Button } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import filterClasses from '../admin/filters.module.css'
import { LoadFailure } from '../failure/load-failure.tsx'
import { useStore } from '../live/store.ts'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { Section } from '../page/section.tsx'
import { LeadToSignIn } from '../session/lead-to-sign-in.ts'
import { useSession } from '../session/session.ts'
import { announce } from '../toasts/announcer.tsx'
import { DriftFilters } from './drift-filters.tsx'
import { TabbedPage, useIsClosed } from './drift-frame.tsx'
import { useReview } from './drift-review.tsx'
import { DriftTable } from './drift-table.tsx'
import { type DriftsSearch, driftsWords } from './drift-words.ts'
import { NoDriftsYet } from './no-drifts-yet.tsx'
import { useTellReview } from './use-tell-review.ts'

export function DriftsPage() {
  const { list: store } = useReview()
  const session = useSession()
  const filters = useSearch({ from: '/drifts/' })
  const navigate = useNavigate({ from: '/drifts/' })
  const heading = useRef<HTMLHeadingElement>(null)
  const now = useStore(store)
  const { list, failure, isLoading, found } = now
  const isFiltered = Object.values(filters).some((value) => value !== undefined)
  const canLoad = session.state !== 'ended'
  useTellReview()

  useEffect(() => {
    if (canLoad) store.show(filters)
  }, [store, filters, canLoad])

  const foundWords = found === null || isLoading || !isFiltered ? null : `${driftsWords(found)} found`
  useEffect(() => {
    if (foundWords) announce(foundWords)
  }, [foundWords])

  if (useIsClosed(failure)) return <LeadToSignIn />
  const filter = (change: DriftsSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false })

  return (
    <TabbedPage tab="/drifts">
      <Section
        title={list?.total === 0 && !isFiltered ? 'No drifts yet' : list ? driftsWords(list.total) : 'Drifts'}
        headingRef={heading}
        about="Where something runs otherwise than it was meant to, the newest detected first."
        action={
          !('person' in session) && (
            <Button variant="default" loading={isLoading} onClick={store.reload}>
              Refresh
            </Button>
          )
        }
      >
        {(list === null || list.total > 0 || isFiltered) && (
          <DriftFilters
            filters={filters}
            disabled={!canLoad}
            providers={list ? providersIn(list.rows) : []}
            onChange={filter}
          />
        )}
        {failure && <LoadFailure error={failure} isRetrying={isLoading} onRetry={store.retry} />}
        {!failure &&
          !list &&
          (canLoad ? (
            <RowSkeletons count={8} label="Loading drifts" />
          ) : (
            <p>The list was not loaded before your session ended. Sign in again to see it.</p>
          ))}
        {list?.rows.length === 0 && !isFiltered && <NoDriftsYet />}
        {list?.rows.length === 0 && isFiltered && (
          <div className={filterClasses.empty}>
            <p>No drift matches these filters.</p>
            <Button
              variant="default"
              onClick={() => {
                void navigate({ search: {}, replace: true, resetScroll: false })
                // The button that had the focus goes.
                heading.current?.focus()
              }}
            >
              Clear filters
            </Button>
          </div>
        )}
        {list && list.rows.length > 0 && <DriftTable now={now} list={list} />}
      </Section>
    </TabbedPage>
  )
}

/** To choose from; any other can be written. */
const providersIn = (rows: readonly { resource: { provider: string } }[]) =>
  [...new Set(rows.slice(0, 1000).map(({ resource }) => resource.provider))].sort()
