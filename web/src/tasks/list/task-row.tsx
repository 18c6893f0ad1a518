/** One task of the list: done or not, its title, which opens it, and what else can be done with it. */
import { ActionIcon, Checkbox, Menu } from '@mantine/core'
import {
  IconArrowBarToDown,
  IconArrowBarToUp,
  IconArrowDown,
  IconArrowUp,
  IconClock,
  IconDots,
  IconGripVertical,
  IconPencil,
  IconTrash,
} from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { type DragEvent, memo } from 'react'
import type { Task } from '../../../../shared/tasks.ts'
import classes from './task-list.module.css'

export type MoveTo = 'top' | 'up' | 'down' | 'bottom'

/** The same functions for as long as the list is there. */
export interface RowActs {
  setCompleted: (taskId: string, completed: boolean) => void
  move: (taskId: string, to: MoveTo) => void
  remove: (taskId: string) => void
  onDragStart: (taskId: string, event: DragEvent) => void
  onDragEnd: () => void
}

interface Props {
  task: Task
  /** A queued call changes it. */
  isPending: boolean
  acts: RowActs
  /** The one that the keyboard stands on: its controls are in the order of the page. */
  isActive: boolean
  canChange: boolean
  isFirst: boolean
  isLast: boolean
}

export const TaskRow = memo(function TaskRow({ task, isPending, acts, isActive, canChange, isFirst, isLast }: Props) {
  const { id, title, description, completed } = task
  const tabIndex = isActive ? 0 : -1
  return (
    <div className={classes.row} data-pending={isPending || undefined} data-done={completed || undefined}>
      {canChange && (
        // biome-ignore lint/a11y/noStaticElementInteractions: for a mouse; keys and the menu move it too.
        <span
          className={classes.grip}
          draggable
          title="Drag to move"
          onDragStart={(event) => acts.onDragStart(id, event)}
          onDragEnd={acts.onDragEnd}
        >
          <IconGripVertical size="1rem" aria-hidden />
        </span>
      )}
      <Checkbox
        className={classes.check}
        radius="xl"
        size="md"
        aria-label={`Done: ${title}`}
        tabIndex={tabIndex}
        checked={completed}
        disabled={!canChange}
        onChange={(event) => acts.setCompleted(id, event.currentTarget.checked)}
      />
      <Link
        to="/tasks"
        search={(before) => ({ ...before, task: id })}
        resetScroll={false}
        preload={false}
        draggable={false}
        className={classes.open}
        data-task-link
        tabIndex={tabIndex}
      >
        <span className={classes.title} dir="auto">
          {title}
        </span>
        {description && <span className={classes.description}>{description}</span>}
      </Link>
      {isPending && (
        <span className={classes.pending} title="Not yet saved on the server">
          <IconClock size="1rem" role="img" aria-label="Not yet saved on the server" />
        </span>
      )}
      {canChange && (
        <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
          <Menu.Target>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="2.25rem"
              className={classes.more}
              tabIndex={tabIndex}
              aria-label={`Actions for ${title}`}
              title="Actions"
            >
              <IconDots size="1.125rem" aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              leftSection={<IconPencil size="1.125rem" stroke={1.5} aria-hidden />}
              renderRoot={(props) => (
                <Link to="/tasks" search={(before) => ({ ...before, task: id })} resetScroll={false} {...props} />
              )}
            >
              Edit
            </Menu.Item>
            <Menu.Divider />
            {moves.map(({ to, label, icon: MoveIcon }) => (
              <Menu.Item
                key={to}
                leftSection={<MoveIcon size="1.125rem" stroke={1.5} aria-hidden />}
                disabled={to === 'top' || to === 'up' ? isFirst : isLast}
                onClick={() => acts.move(id, to)}
              >
                {label}
              </Menu.Item>
            ))}
            <Menu.Divider />
            <Menu.Item
              color="red"
              leftSection={<IconTrash size="1.125rem" stroke={1.5} aria-hidden />}
              onClick={() => acts.remove(id)}
            >
              Delete
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </div>
  )
})

const moves = [
  { to: 'top', label: 'Move to the top', icon: IconArrowBarToUp },
  { to: 'up', label: 'Move up', icon: IconArrowUp },
  { to: 'down', label: 'Move down', icon: IconArrowDown },
  { to: 'bottom', label: 'Move to the bottom', icon: IconArrowBarToDown },
] as const
