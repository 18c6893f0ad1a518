/**
 * The rows of the list, of which only those in sight are drawn, and the keys that go through them. Blank rows stand for all
 * that is not drawn, so the page is as long as its list.
 */
import { Button, Loader, VisuallyHidden } from '@mantine/core'
import { useHotkeys, useNetwork } from '@mantine/hooks'
import { IconArrowUp } from '@tabler/icons-react'
import { defaultRangeExtractor, type Range, useWindowVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { LoadFailure } from '../failure/load-failure.tsx'
import { useStore } from '../live/store.ts'
import { useSession } from '../session/session.ts'
import type { DriftListInSight, ShownDrifts } from './drift-list.ts'
import { useReview } from './drift-review.tsx'
import { DriftRow, rowLinkId } from './drift-row.tsx'
import classes from './drift-table.module.css'
import { countWords } from './drift-words.ts'
import { ReasonDialog } from './reason-dialog.tsx'
import { tellNotNow, tellRefusal, whyNotNow } from './refusals.ts'

/** Of a row on a wide screen; each is measured once it is drawn. */
const usualRowPx = 65
/** Covered by what sticks to the top and to the bottom. */
const coveredPx = { start: 120, end: 96 }
/** So near to its end, the list grows. */
const rowsAhead = 30

export function DriftTable({ now, list }: { now: DriftListInSight; list: ShownDrifts }) {
  const { list: store, decisions } = useReview()
  const session = useSession()
  const isSignedIn = session.state === 'signed-in'
  const me = 'person' in session ? session.person : null
  const { online } = useNetwork()
  const { attempts } = useStore(decisions)
  const [activeId, setActiveId] = useState<string | null>(null)
  const [rejectingId, setRejectingId] = useState<string | null>(null)
  const [isRejecting, setRejecting] = useState(false)
  const { rows } = list
  const activeIndex = activeId === null ? -1 : rows.findIndex(({ id }) => id === activeId)
  const { body, virtualizer, items, top } = useRowsInSight(rows, activeIndex)
  const lastIndex = items.at(-1)?.index ?? 0
  const { hasMore } = list

  useEffect(() => {
    if (hasMore && !now.moreFailure && lastIndex >= rows.length - rowsAhead) store.more()
  }, [store, hasMore, now.moreFailure, lastIndex, rows.length])

  const wantsFocus = useRef<string | null>(null)
  useEffect(() => {
    const link = wantsFocus.current === null ? null : document.getElementById(rowLinkId(wantsFocus.current))
    if (!link) return
    wantsFocus.current = null
    link.focus({ preventScroll: true })
  })
  const goTo = (index: number) => {
    const drift = rows[Math.max(0, Math.min(rows.length - 1, index))]
    if (!drift) return
    wantsFocus.current = drift.id
    setActiveId(drift.id)
    virtualizer.scrollToIndex(rows.indexOf(drift))
    // Already the active one, whose focus was lost with something that has closed.
    if (drift.id === activeId) document.getElementById(rowLinkId(drift.id))?.focus({ preventScroll: true })
  }

  const decide = async (driftId: string, verdict: 'approve' | 'reject', reason: string) => {
    const attempt = await decisions.decide(driftId, verdict, reason)
    if (attempt) tellRefusal(attempt, me)
    if (attempt?.state === 'overtaken') decisions.discard(driftId)
  }
  const begin = (verdict: 'approve' | 'reject') => {
    const drift = rows[activeIndex]
    if (!drift || isDialogOpen() || !isRowFocused(drift.id)) return
    if (attempts[drift.id]?.state === 'sending') return
    const whyNot = whyNotNow({ ...drift, me, isSignedIn, online })
    if (whyNot) return tellNotNow(verdict, whyNot)
    if (verdict === 'approve') void decide(drift.id, verdict, '')
    else {
      setRejectingId(drift.id)
      // It has to be there, closed, before it opens: only so does it give the focus back.
      requestAnimationFrame(() => setRejecting(true))
    }
  }
  const move = (by: number) => {
    if (!isDialogOpen()) goTo(activeIndex < 0 ? (virtualizer.range?.startIndex ?? 0) : activeIndex + by)
  }
  useHotkeys([
    ['j', () => move(1)],
    ['k', () => move(-1)],
    ['a', () => begin('approve')],
    ['r', () => begin('reject')],
  ])
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 }
    const by = steps[event.key]
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return
    event.preventDefault()
    move(by)
  }

  const showNew = () => {
    const first = list.arrived[0]
    store.showArrived()
    if (!first) return
    wantsFocus.current = first.id
    setActiveId(first.id)
    // By the virtualizer, which otherwise takes what it measures for a reason to go back to where it last saw the page.
    virtualizer.scrollToOffset(Math.max(0, top - coveredPx.start))
  }
  // Kept while the dialog fades.
  const rejecting = rows.find(({ id }) => id === rejectingId)
  let end = top

  return (
    <div className={classes.frame} data-pending={now.isLoading || undefined}>
      {list.arrived.length > 0 && (
        <div className={classes.arrived}>
          <Button size="xs" radius="xl" leftSection={<IconArrowUp size="1rem" aria-hidden />} onClick={showNew}>
            {countWords(list.arrived.length)} new
          </Button>
        </div>
      )}
      <table className={classes.table} aria-rowcount={list.total + 1} aria-label="Drifts" onKeyDown={onKeyDown}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">Resource</th>
            <th scope="col">Severity</th>
            <th scope="col">Status</th>
            <th scope="col">Detected</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {items.flatMap(({ index, key, start, end: itemEnd }) => {
            const drift = rows[index]
            if (!drift) return []
            const gap = start - end
            end = itemEnd
            return [
              gap > 0 && <Blank key={`before ${key}`} height={gap} />,
              <DriftRow
                key={key}
                drift={drift}
                index={index}
                attempt={attempts[drift.id]}
                measure={virtualizer.measureElement}
                onFocus={() => setActiveId(drift.id)}
                onTryAgain={({ verdict, reason }) => void decide(drift.id, verdict, reason)}
                onDiscard={() => decisions.discard(drift.id)}
              />,
            ]
          })}
          <Blank height={Math.max(0, top + virtualizer.getTotalSize() - end)} />
        </tbody>
      </table>
      {now.isLoadingMore && (
        <div className={classes.more}>
          <Loader size="sm" aria-hidden />
          <VisuallyHidden>Loading more drifts</VisuallyHidden>
        </div>
      )}
      {now.moreFailure && <LoadFailure error={now.moreFailure} isRetrying={now.isLoadingMore} onRetry={store.retry} />}
      {rejecting && (
        <ReasonDialog
          drift={rejecting}
          verdict="reject"
          opened={isRejecting}
          whyNot={whyNotNow({ ...rejecting, me, isSignedIn, online })}
          onClose={() => setRejecting(false)}
          onDecide={(reason) => void decide(rejecting.id, 'reject', reason)}
        />
      )}
    </div>
  )
}

function useRowsInSight(rows: ShownDrifts['rows'], activeIndex: number) {
  const body = useRef<HTMLTableSectionElement>(null)
  const [top, setTop] = useState(0)
  // The same one as long as the rows are: with another one all of them would be laid out anew.
  const keyOf = useCallback((index: number) => rows[index]?.id ?? index, [rows])
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => usualRowPx,
    overscan: 8,
    scrollMargin: top,
    scrollPaddingStart: coveredPx.start,
    scrollPaddingEnd: coveredPx.end,
    getItemKey: keyOf,
    // What has the focus is drawn also out of sight, so that it keeps it.
    rangeExtractor: (range: Range) =>
      activeIndex < 0
        ? defaultRangeExtractor(range)
        : [...new Set([...defaultRangeExtractor(range), activeIndex])].sort((a, b) => a - b),
    useFlushSync: false,
  })
  useLayoutEffect(() => {
    const look = () => {
      if (body.current) setTop(Math.round(body.current.getBoundingClientRect().top + scrollY))
    }
    look()
    // Whatever stands above may come, go and wrap.
    const sizes = new ResizeObserver(look)
    sizes.observe(document.body)
    return () => sizes.disconnect()
  }, [])
  return { body, virtualizer, items: virtualizer.getVirtualItems(), top }
}

function Blank({ height }: { height: number }) {
  if (height <= 0) return null
  return (
    <tr aria-hidden className={classes.blank}>
      <td colSpan={4} style={{ height }} />
    </tr>
  )
}

const isDialogOpen = () => document.querySelector('[aria-modal="true"]') !== null
const isRowFocused = (driftId: string) =>
  document.activeElement?.closest('tr')?.contains(document.getElementById(rowLinkId(driftId))) === true
