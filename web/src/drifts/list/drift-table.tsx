/**
 * The rows of the list, of which only those in sight are drawn, and the keys that go through them. Blank rows stand for all
 * that is not drawn, so the page is as long as its list.
 */
import { Button, Checkbox, Loader, VisuallyHidden } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconArrowUp } from '@tabler/icons-react'
import { defaultRangeExtractor, type Range, useWindowVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { LoadFailure } from '../../failure/load-failure.tsx'
import { useStore } from '../../live/store.ts'
import { pageKeys } from '../deciding/page-keys.ts'
import { undoLast } from '../deciding/undo-decisions.ts'
import { useCanDecide, useDeciding } from '../deciding/use-deciding.tsx'
import { useReview } from '../drift-review.tsx'
import { countWords, tabOf } from '../drift-words.ts'
import type { DriftListInSight, ShownDrifts } from './drift-list.ts'
import { DriftRow, isRowFocused, rowLinkId } from './drift-row.tsx'
import classes from './drift-table.module.css'
import { SelectionBar } from './selection-bar.tsx'
import { useSelection } from './use-selection.ts'

/** Of a row on a wide screen; each is measured once it is drawn. */
const usualRowPx = 44
/** Covered by what sticks to the top and to the bottom. */
const coveredPx = { start: 120, end: 96 }
/** So near to its end, the list grows. */
const rowsAhead = 30

interface Props {
  now: DriftListInSight
  list: ShownDrifts
}

export function DriftTable({ now, list }: Props) {
  const { list: store, decisions } = useReview()
  const { rows, hasMore } = list
  const { attempts } = useStore(decisions)
  const [activeId, setActiveId] = useState<string | null>(null)
  const activeIndex = activeId === null ? -1 : rows.findIndex(({ id }) => id === activeId)
  const { body, virtualizer, items, top } = useRowsInSight(rows, activeIndex)
  const lastIndex = items.at(-1)?.index ?? 0
  const canDecide = useCanDecide()
  const canSelect = canDecide && tabOf(now.filters) === 'pending'
  const selection = useSelection(rows, now.filters, canSelect)

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
  const goTo = useCallback(
    (index: number) => {
      const drift = rows[Math.max(0, Math.min(rows.length - 1, index))]
      if (!drift) return
      wantsFocus.current = drift.id
      setActiveId(drift.id)
      virtualizer.scrollToIndex(rows.indexOf(drift))
      // Already the active one, whose focus was lost with something that has closed.
      document.getElementById(rowLinkId(drift.id))?.focus({ preventScroll: true })
    },
    [rows, virtualizer],
  )
  // Back from a drift, to its row.
  const isSettled = top > 0
  useEffect(() => {
    const index = rows.findIndex(({ id }) => id === store.lastOpenedId)
    if (!isSettled || store.lastOpenedId === null) return
    store.lastOpenedId = null
    if (index !== -1) goTo(index)
  }, [isSettled, rows, store, goTo])

  const deciding = useDeciding({
    rows,
    selection,
    activeIndex,
    onDecided: (driftIds) => {
      // On to the next one, when the active one is decided.
      if (activeId === null || !driftIds.includes(activeId)) return
      const next = store.neighbour(activeId, 1, true)
      const index = next === null ? -1 : rows.findIndex(({ id }) => id === next)
      if (index !== -1 && isRowFocused(activeId)) goTo(index)
    },
    onUndone: (driftId) => goTo(rows.findIndex(({ id }) => id === driftId)),
  })
  const move = (by: number, extends_ = false) => {
    const to = activeIndex < 0 ? (virtualizer.range?.startIndex ?? 0) : activeIndex + by
    if (extends_) selection.extend(activeIndex, Math.max(0, Math.min(rows.length - 1, to)))
    goTo(to)
  }
  useHotkeys(
    pageKeys({
      j: () => move(1),
      k: () => move(-1),
      'shift+j': () => move(1, true),
      'shift+k': () => move(-1, true),
      x: () => selection.toggle(activeIndex, false),
      'shift+x': () => selection.toggle(activeIndex, true),
      escape: selection.clear,
      a: () => deciding.begin('approve'),
      r: () => deciding.begin('reject'),
      'mod+z': undoLast,
    }),
    [],
  )
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 }
    const by = steps[event.key]
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    move(by, event.shiftKey)
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
      {selection.count > 0 && (
        <SelectionBar
          count={selection.count}
          total={list.total}
          isSelectingAll={selection.isSelectingAll}
          onSelectAll={() => void selection.selectAll()}
          onClear={selection.clear}
          onDecide={deciding.begin}
        />
      )}
      <table
        className={classes.table}
        data-selectable={canSelect || undefined}
        aria-rowcount={list.total + 1}
        aria-label="Drifts"
        onKeyDown={onKeyDown}
      >
        <thead>
          <tr aria-rowindex={1}>
            {canSelect && (
              <td className={classes.select}>
                <Checkbox
                  aria-label="Select all that are loaded"
                  checked={selection.count > 0 && selection.count === selection.selectable}
                  indeterminate={selection.count > 0 && selection.count < selection.selectable}
                  onChange={({ currentTarget }) =>
                    currentTarget.checked ? selection.selectLoaded() : selection.clear()
                  }
                />
              </td>
            )}
            <th scope="col">Severity</th>
            <th scope="col">Resource</th>
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
                search={now.filters}
                isSelected={selection.has(drift.id)}
                canSelect={canSelect}
                onSelect={(isRange) => selection.toggle(index, isRange)}
                onFocus={() => setActiveId(drift.id)}
                onTryAgain={({ verdict, reason }) => void deciding.decide([drift.id], verdict, reason)}
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
      {deciding.dialog}
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
      <td colSpan={5} style={{ height }} />
    </tr>
  )
}
