/** The task that the address names, over the list. */
import { Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { errorCode } from '../../../client/plinth.ts'
import { LoadFailure } from '../failure/load-failure.tsx'
import { Dialog } from '../page/dialog.tsx'
import { TaskForm } from './task-form.tsx'
import { taskQuery } from './task-queries.ts'
import type { TasksInSight } from './use-tasks.ts'

interface Props {
  tasks: TasksInSight
  canChange: boolean
  isSignedIn: boolean
  /** It is closed, and what had the focus before is gone. */
  onLost: () => void
}

/** Until a dialog has faded and given the focus back. */
const closedAfterMs = 250

export function TaskDialog({ onLost, ...props }: Props) {
  const { task: taskId } = useSearch({ from: '/tasks' })
  const navigate = useNavigate({ from: '/tasks' })
  // What it shows stays while it fades.
  const [lastId, setLastId] = useState(taskId)
  if (taskId !== undefined && taskId !== lastId) setLastId(taskId)
  const lost = useRef(onLost)
  useEffect(() => {
    lost.current = onLost
  })
  useEffect(() => {
    if (taskId === undefined) return
    return () => {
      setTimeout(() => document.activeElement === document.body && lost.current(), closedAfterMs)
    }
  }, [taskId])
  const close = () => void navigate({ search: ({ task: _, ...rest }) => rest, replace: true, resetScroll: false })
  return (
    <Dialog opened={taskId !== undefined} onClose={close} title="Task">
      {lastId !== undefined && <OpenTask key={lastId} taskId={lastId} onClose={close} {...props} />}
    </Dialog>
  )
}

function OpenTask({
  tasks: { live },
  taskId,
  canChange,
  isSignedIn,
  onClose,
}: Omit<Props, 'onLost'> & { taskId: string; onClose: () => void }) {
  const listed = live.row(taskId)
  const gone = listed ? undefined : live.lastKnown(taskId)
  const query = useQuery({ ...taskQuery(taskId), enabled: isSignedIn && !listed && !gone })
  const [last, setLast] = useState(listed ?? gone ?? query.data)
  const found = listed ?? (gone ? undefined : query.data)
  if (found && found !== last) setLast(found)
  const shown = found ?? last ?? gone
  if (shown) return <TaskForm task={shown} isGone={!found} canChange={canChange} onClose={onClose} />
  if (query.error && !['NOT_FOUND', 'VALIDATION_ERROR'].includes(errorCode(query.error)))
    return <LoadFailure error={query.error} isRetrying={query.isFetching} onRetry={() => void query.refetch()} />
  if (query.error) return <Text>This task is not in your list. It may have been deleted.</Text>
  if (!isSignedIn) return <Text>This task was not loaded before your session ended. Sign in again to see it.</Text>
  return (
    <div className="late">
      <Skeleton h="2.25rem" mb="md" />
      <Skeleton h="6rem" />
    </div>
  )
}
