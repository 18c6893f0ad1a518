/** What the server would not do, with the reason, until somebody has it tried again or lets it be. */
import { useEffect, useRef } from 'react'
import { RefusedCall } from '../../offline/refused-call.tsx'
import { announce } from '../../toasts/announcer.tsx'
import type { LiveTasks, TasksInSight } from '../use-tasks.ts'
import classes from './refused-calls.module.css'

interface Props {
  tasks: TasksInSight
  canSend: boolean
}

export function RefusedCalls({ tasks: { live, refused }, canSend }: Props) {
  const known = useRef(refused.length)
  useEffect(() => {
    if (refused.length > known.current) announce('A change was not made. The reason is above the list.')
    known.current = refused.length
  }, [refused.length])
  if (refused.length === 0) return null
  return (
    <ul className={classes.list} aria-label="Changes that were not made">
      {refused.map(
        (entry) =>
          entry.refusal && (
            <li key={entry.id}>
              <RefusedCall entry={entry} canSend={canSend}>
                <strong>{whatWasNot(entry, titleOf(entry, live))}</strong>
                <p>{reasonFor(entry.refusal)}</p>
              </RefusedCall>
            </li>
          ),
      )}
    </ul>
  )
}

function titleOf(entry: TasksInSight['refused'][number], live: LiveTasks): string {
  if ('title' in entry.input && entry.input.title) return `“${entry.input.title}”`
  const title = live.lastKnown(entry.input.taskId)?.title
  return title ? `“${title}”` : 'A task'
}

function whatWasNot(entry: TasksInSight['refused'][number], title: string): string {
  switch (entry.path) {
    case 'tasks.create':
      return `${title} was not added`
    case 'tasks.update':
      return `${title} was not changed`
    case 'tasks.complete':
      return entry.input.completed === false ? `${title} was not opened again` : `${title} was not marked as done`
    case 'tasks.move':
      return `${title} was not moved`
    case 'tasks.delete':
      return `${title} was not deleted`
    case 'tasks.restore':
      return `${title} was not brought back`
  }
}

const reasonFor = ({ code, message }: { code: string; message: string }) =>
  code === 'NOT_FOUND' ? 'It is not in your list any more: it was deleted on another device.' : message
