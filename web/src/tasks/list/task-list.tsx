/**
 * The list, of which only what is in sight is drawn, however long it is. By keyboard it is one stop of the Tab key, with arrows
 * from row to row; a screen reader is told the place of each among all.
 */
import { Button } from '@mantine/core'
import { IconArrowUp } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { defaultRangeExtractor, type Range, useWindowVirtualizer } from '@tanstack/react-virtual'
import { type FocusEvent, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Shown } from '../../../../client/optimistic-rows.ts'
import type { Task } from '../../../../shared/tasks.ts'
import { loadFailureWords } from '../../failure/failure-words.ts'
import { showFailure } from '../../toasts/toasts.tsx'
import { deleteTask, moveTask, setCompleted } from '../task-acts.ts'
import type { Show } from '../task-rules.ts'
import { onUndone } from '../undo.ts'
import { findLast, type TasksInSight } from '../use-tasks.ts'
import classes from './task-list.module.css'
import { type MoveTo, type RowActs, TaskRow } from './task-row.tsx'
import { RowSkeleton } from './tasks-skeleton.tsx'
import { useArrivals } from './use-arrivals.ts'
import { useDragging } from './use-dragging.ts'
import { useKeepPlace } from './use-keep-place.ts'
import { useRowFocus } from './use-row-focus.ts'
import { useRowKeys } from './use-row-keys.ts'

interface Props {
  tasks: TasksInSight
  shown: Shown<Task>
  show: Show
  canChange: boolean
  /** The last one has gone, and the focus was on it. */
  onEmptied: () => void
}

const rowRem = 3.25
/** So many rows before the end of what is loaded, the next page is asked for. */
const loadAhead = 30

export function TaskList({ tasks: { live, feed, moreFailure }, shown, show, canChange, onEmptied }: Props) {
  const { rows, pending, total, hasMore } = shown
  const navigate = useNavigate({ from: '/tasks' })
  const list = useRef<HTMLUListElement>(null)
  const scrollMargin = useTop(list)
  const scroller = useRef<(index: number) => void>(() => {})
  const scrollTo = useCallback((index: number) => scroller.current(index), [])
  const { activeIndex, setActive, goTo, goToTask } = useRowFocus({ rows, hasMore, list, scrollTo, onEmptied })
  const active = Math.max(0, activeIndex)
  const count = rows.length + (hasMore ? Math.max(total - rows.length, 1) : 0)
  const virtualizer = useWindowVirtualizer<HTMLLIElement>({
    count,
    estimateSize: () => rowRem * Number.parseFloat(getComputedStyle(document.documentElement).fontSize),
    getItemKey: useCallback((index: number) => rows[index]?.id ?? `later ${index}`, [rows]),
    overscan: 8,
    scrollMargin,
    // The row that has the focus is there wherever the page is scrolled to.
    rangeExtractor: useCallback(
      (range: Range) => {
        const indexes = defaultRangeExtractor(range)
        return active >= range.count || indexes.includes(active) ? indexes : [...indexes, active].sort((a, b) => a - b)
      },
      [active],
    ),
  })
  useLayoutEffect(() => {
    scroller.current = (index) => virtualizer.scrollToIndex(index)
  })
  useKeepPlace(list, rows, virtualizer)
  useEffect(() => onUndone(goToTask), [goToTask])

  const latest = useRef({ rows, hasMore, total })
  useLayoutEffect(() => {
    latest.current = { rows, hasMore, total }
  })
  const find = useCallback((taskId: string) => {
    const index = latest.current.rows.findIndex(({ id }) => id === taskId)
    return { index, task: latest.current.rows[index] }
  }, [])

  const move = useCallback(
    async (taskId: string, to: MoveTo) => {
      const { rows, hasMore, total } = latest.current
      const { index, task } = find(taskId)
      if (!task || (index === 0 && (to === 'up' || to === 'top'))) return
      if (index === rows.length - 1 && !hasMore && (to === 'down' || to === 'bottom')) return
      const above = index >= 2 ? (rows[index - 2]?.id ?? null) : null
      if (to === 'top') moveTask(task, null, 'to the top')
      if (to === 'up') moveTask(task, above, `up to place ${index}`)
      const below = rows[index + 1]?.id
      if (to === 'down' && below) moveTask(task, below, `down to place ${index + 2}`)
      if (to === 'bottom') {
        try {
          const last = hasMore ? await findLast(live, show, total) : rows.at(-1)?.id
          if (last && last !== taskId) moveTask(task, last, 'to the bottom')
        } catch (error) {
          showFailure(`“${task.title}” was not moved`, error)
        }
      }
      if (!hasMore || to !== 'bottom') goToTask(taskId)
    },
    [find, goToTask, live, show],
  )
  const put = useCallback(
    (taskId: string, after: string | null) => {
      const { task } = find(taskId)
      const above = after === null ? null : find(after).task
      if (task && above !== undefined) moveTask(task, after, above ? `below “${above.title}”` : 'to the top')
    },
    [find],
  )
  const dragging = useDragging(latest, put)
  const acts: RowActs = useMemo(
    () => ({
      move: (taskId, to) => void move(taskId, to),
      setCompleted: (taskId, completed) => {
        const { task } = find(taskId)
        if (task) setCompleted(task, completed)
      },
      remove: (taskId) => {
        const { task } = find(taskId)
        if (task) deleteTask(task)
      },
      onDragStart: dragging.start,
      onDragEnd: dragging.end,
    }),
    [move, find, dragging.start, dragging.end],
  )
  const onKeyDown = useRowKeys({
    rows,
    total,
    canChange,
    acts,
    goTo,
    open: (taskId) => void navigate({ search: (before) => ({ ...before, task: taskId }), resetScroll: false }),
    activeIndex,
  })
  const onFocus = ({ target }: FocusEvent) => {
    const row = target.closest<HTMLElement>('[data-index]')
    const id = row && rows[Number(row.dataset.index)]?.id
    if (id) setActive(id)
  }

  const items = virtualizer.getVirtualItems()
  const arrivals = useArrivals(rows, virtualizer)
  const lastInSight = virtualizer.range?.endIndex ?? 0
  const isFollowed = feed === 'live' || feed === 'polling'
  const wantsMore = hasMore && isFollowed && !moreFailure && lastInSight >= rows.length - loadAhead
  // biome-ignore lint/correctness/useExhaustiveDependencies: each page that comes may leave another to be wished for.
  useEffect(() => {
    if (wantsMore) void live.loadMore()
  }, [wantsMore, rows, live])

  return (
    <>
      <div className={classes.arrivals}>
        {arrivals > 0 && (
          <Button size="xs" radius="xl" leftSection={<IconArrowUp size="1rem" aria-hidden />} onClick={() => goTo(0)}>
            {arrivals} new
          </Button>
        )}
      </div>
      <ul
        ref={list}
        aria-label={`${show === 'all' ? 'All' : show === 'done' ? 'Done' : 'Open'} tasks`}
        className={classes.list}
        style={{ height: virtualizer.getTotalSize() }}
        onKeyDown={onKeyDown}
        onFocus={onFocus}
        onDragOver={dragging.over}
        onDragLeave={dragging.leave}
        onDrop={dragging.drop}
      >
        {items.map(({ index, key, start }) => {
          const row = rows[index]
          const place = {
            ref: virtualizer.measureElement,
            'data-index': index,
            className: classes.item,
            style: { top: start - scrollMargin },
          }
          if (!row)
            return (
              <li key={key} {...place} aria-hidden={!(moreFailure && index === rows.length)}>
                {moreFailure && index === rows.length ? (
                  <div className={classes.more} role="alert">
                    <span>More tasks could not be loaded. {loadFailureWords(moreFailure).advice}</span>
                    <Button size="xs" variant="default" onClick={() => live.tryMoreAgain()}>
                      Try again
                    </Button>
                  </div>
                ) : (
                  <RowSkeleton />
                )}
              </li>
            )
          return (
            <li
              key={key}
              {...place}
              aria-setsize={total}
              aria-posinset={index + 1}
              data-drop={dragging.at?.index === index ? dragging.at.side : undefined}
            >
              <TaskRow
                task={row}
                isPending={pending.has(row.id)}
                acts={acts}
                isActive={index === active}
                canChange={canChange}
                isFirst={index === 0}
                isLast={!hasMore && index === rows.length - 1}
              />
            </li>
          )
        })}
      </ul>
    </>
  )
}

/** Of the list in the document, which changes with what stands above it. */
function useTop(list: React.RefObject<HTMLElement | null>): number {
  const [top, setTop] = useState(0)
  useLayoutEffect(() => {
    const measure = () => {
      const rect = list.current?.getBoundingClientRect()
      if (rect) setTop(Math.round(rect.top + scrollY))
    }
    measure()
    const sizes = new ResizeObserver(measure)
    sizes.observe(document.body)
    return () => sizes.disconnect()
  })
  return top
}
