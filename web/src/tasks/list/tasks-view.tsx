/** The field for a new task, which tasks to show, what was refused, the list, and the one that is open. */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import type { Person } from '../../../../shared/account.ts'
import { hasCapability } from '../../../../shared/capabilities.ts'
import { NotLoaded } from '../../live/not-loaded.tsx'
import { Section } from '../../page/section.tsx'
import { TaskDialog } from '../task-dialog.tsx'
import { anyDoneQuery } from '../task-queries.ts'
import type { Show } from '../task-rules.ts'
import { undoLast } from '../undo.ts'
import type { TasksInSight } from '../use-tasks.ts'
import { AddTask } from './add-task.tsx'
import { Filters } from './filters.tsx'
import { RefusedCalls } from './refused-calls.tsx'
import { TaskList } from './task-list.tsx'
import { ListSkeleton } from './tasks-skeleton.tsx'
import classes from './tasks-view.module.css'
import { usePageKeys } from './use-page-keys.ts'

interface Props {
  tasks: TasksInSight
  show: Show
  me: Person
  isSignedIn: boolean
}

export const titles = { open: 'Open tasks', done: 'Done tasks', all: 'All tasks' }
const counted = new Intl.NumberFormat('en')

export function TasksView({ tasks, show, me, isSignedIn }: Props) {
  const { shown } = tasks
  const { add } = useSearch({ from: '/tasks' })
  const navigate = useNavigate({ from: '/tasks' })
  const field = useRef<HTMLInputElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const mayWrite = hasCapability(me.role, 'task:write')
  const canChange = isSignedIn && mayWrite
  const toField = () => (canChange ? field.current : heading.current)?.focus()

  usePageKeys({ n: toField, 'mod+z': undoLast })
  useEffect(() => {
    if (!add) return
    // After what was open has given the focus back, and the page has taken it.
    const timer = setTimeout(() => {
      field.current?.focus()
      void navigate({ search: ({ add: _, ...rest }) => rest, replace: true, resetScroll: false })
    }, 100)
    return () => clearTimeout(timer)
  }, [add, navigate])
  const toList = () => {
    const row = document.querySelector<HTMLElement>('[data-task-link][tabindex="0"]')
    if (row) row.focus()
    else toField()
  }

  return (
    <>
      <Section
        title={titles[show]}
        headingRef={heading}
        about={shown.isLoaded ? countWords(shown.total) : '\u00a0'}
        action={<Filters show={show} />}
      >
        {canChange ? (
          <AddTask ref={field} onAdded={() => show === 'done' && void navigate({ search: {} })} onLeaveDown={toList} />
        ) : (
          <p className={classes.readOnly} role="note">
            {mayWrite
              ? 'You can read what was loaded. Sign in again to change it.'
              : 'Your role can read tasks, not change them. An administrator can change that.'}
          </p>
        )}
        <RefusedCalls tasks={tasks} canSend={canChange} />
        {shown.isLoaded ? (
          shown.total === 0 ? (
            <Nothing show={show} tasks={tasks} canChange={canChange} isSignedIn={isSignedIn} onAdd={toField} />
          ) : (
            <TaskList tasks={tasks} shown={shown} show={show} canChange={canChange} onEmptied={toField} />
          )
        ) : (
          <NotLoaded {...tasks} isSignedIn={isSignedIn} onRetry={tasks.live.retry}>
            <ListSkeleton />
          </NotLoaded>
        )}
      </Section>
      <TaskDialog tasks={tasks} canChange={canChange} isSignedIn={isSignedIn} onLost={toList} />
    </>
  )
}

const countWords = (count: number) => (count === 1 ? '1 task' : `${count === 0 ? 'No' : counted.format(count)} tasks`)

interface NothingProps {
  show: Show
  tasks: TasksInSight
  canChange: boolean
  isSignedIn: boolean
  onAdd: () => void
}

function Nothing({ show, tasks, canChange, isSignedIn, onAdd }: NothingProps) {
  const done = useQuery({ ...anyDoneQuery, enabled: isSignedIn && show === 'open' })
  const hasDone = tasks.live.confirmed.some(({ completed }) => completed) || (done.data?.items.length ?? 0) > 0
  if (show === 'open' && isSignedIn && done.isPending && !hasDone && !done.error) return null
  return (
    <div className={classes.empty}>
      {show === 'done' && <p>Nothing is done yet. What you mark as done moves here, and you can open it again.</p>}
      {show !== 'done' && hasDone && <p>All done. What comes next?</p>}
      {show !== 'done' && !hasDone && (
        <p>Tasks are your own to-do list, in your order, the same on all of your devices. No other user sees them.</p>
      )}
      {canChange && show !== 'done' && (
        <Button variant="default" onClick={onAdd}>
          {hasDone ? 'Add a task' : 'Add your first task'}
        </Button>
      )}
    </div>
  )
}
