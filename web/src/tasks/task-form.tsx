/**
 * Title and description of a task. What changes elsewhere comes into a field that nobody has touched; into another it comes only
 * when its person says so. Leaving with what is not saved is asked about.
 */
import { Button, Group, Text, Textarea, TextInput } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { type Task, taskLimits, UpdateTask } from '../../../shared/tasks.ts'
import { outbox } from '../offline/outbox.ts'
import { TimeAgo } from '../page/time-ago.tsx'
import { announce } from '../toasts/announcer.tsx'
import { changeTask, deleteTask, setCompleted } from './task-acts.ts'
import classes from './task-form.module.css'

interface Props {
  task: Task
  /** Deleted since it was opened. */
  isGone: boolean
  canChange: boolean
  onClose: () => void
}

type Fields = { title: string; description: string }
const names = ['title', 'description'] as const
const labels = { title: 'Title', description: 'Description' }
/** On a screen that is touched the focus would bring up keys over what somebody wants to read. */
const hasKeyboard = () => matchMedia('(hover: hover)').matches
const fieldsOf = ({ title, description }: Task): Fields => ({ title, description: description ?? '' })

export function TaskForm({ task, isGone, canChange, onClose }: Props) {
  const current = fieldsOf(task)
  /** What the fields began with. */
  const [base, setBase] = useState(current)
  const [fields, setFields] = useState(current)
  const [faults, setFaults] = useState<Partial<Fields>>({})
  const isLeaving = useRef(false)
  const keep = useRef<HTMLButtonElement>(null)
  const isDirty = canChange && !isGone && names.some((name) => fields[name] !== current[name])
  const changedElsewhere = names.filter((name) => current[name] !== base[name] && fields[name] !== current[name])

  const untouched = names.filter((name) => current[name] !== base[name] && fields[name] === base[name])
  if (untouched.length > 0) {
    const fresh = Object.fromEntries(untouched.map((name) => [name, current[name]]))
    setBase({ ...base, ...fresh })
    setFields({ ...fields, ...fresh })
  }
  useEffect(() => {
    if (changedElsewhere.length > 0) announce('This task was changed elsewhere while you were writing.')
  }, [changedElsewhere.length])

  const blocker = useBlocker({
    shouldBlockFn: () => isDirty && !isLeaving.current,
    enableBeforeUnload: () => isDirty,
    withResolver: true,
  })
  const isAsking = blocker.status === 'blocked'
  useEffect(() => {
    if (isAsking) keep.current?.focus()
  }, [isAsking])

  const leave = () => {
    isLeaving.current = true
    onClose()
  }
  const write = (name: keyof Fields, value: string) => {
    setFields({ ...fields, [name]: value })
    setFaults({ ...faults, [name]: undefined })
  }
  const save = () => {
    if (!isDirty) return leave()
    const { title, description } = fields
    const input = UpdateTask.safeParse({
      taskId: task.id,
      title: title === current.title ? undefined : title,
      description: description === current.description ? undefined : description.trim() === '' ? null : description,
    })
    if (!input.success) {
      const found = input.error.issues.map(({ path, message }) => [path[0], message])
      return setFaults(Object.fromEntries(found))
    }
    changeTask(input.data)
    leave()
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save()
  }

  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      {isGone && (
        <div className={classes.note} role="status">
          <span>This task is deleted.</span>
          {canChange && (
            <Button size="xs" variant="default" onClick={() => outbox.queue('tasks.restore', { taskId: task.id })}>
              Restore it
            </Button>
          )}
        </div>
      )}
      <TextInput
        data-autofocus={(canChange && hasKeyboard()) || undefined}
        label={labels.title}
        autoComplete="off"
        readOnly={!canChange || isGone}
        value={fields.title}
        error={faults.title}
        onChange={(event) => write('title', event.currentTarget.value)}
      />
      <Textarea
        label={labels.description}
        autosize
        minRows={3}
        maxRows={12}
        readOnly={!canChange || isGone}
        aria-keyshortcuts="Control+Enter Meta+Enter"
        value={fields.description}
        error={faults.description ?? tooLong(fields.description)}
        onChange={(event) => write('description', event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {changedElsewhere.map((name) => (
        <div key={name} className={classes.note} role="status">
          <span>
            {labels[name]} was changed elsewhere {current[name] ? `to “${current[name]}”` : 'and is empty now'}. Saving
            replaces that with yours.
          </span>
          <Button
            size="xs"
            variant="default"
            onClick={() => {
              setBase({ ...base, [name]: current[name] })
              write(name, current[name])
            }}
          >
            Use the other
          </Button>
        </div>
      ))}
      <Text size="sm" c="dimmed">
        Added <TimeAgo at={task.createdAt} />
        {task.version > 1 && (
          <>
            {' · Changed '}
            <TimeAgo at={task.updatedAt} />
          </>
        )}
      </Text>
      {isAsking ? (
        <div className={classes.note} role="alert">
          <span>Your changes are not saved.</span>
          <Group gap="xs">
            <Button ref={keep} size="xs" variant="default" onClick={() => blocker.reset?.()}>
              Keep editing
            </Button>
            <Button size="xs" color="red" onClick={() => blocker.proceed?.()}>
              Discard changes
            </Button>
          </Group>
        </div>
      ) : (
        canChange &&
        !isGone && (
          <div className={classes.actions}>
            <Button
              variant="subtle"
              color="red"
              className={classes.delete}
              onClick={() => {
                deleteTask(task)
                leave()
              }}
            >
              Delete
            </Button>
            <Button
              variant="default"
              onClick={() => {
                setCompleted(task, !task.completed)
                if (!isDirty) leave()
              }}
            >
              {task.completed ? 'Open again' : 'Mark as done'}
            </Button>
            <Button type="submit" disabled={!isDirty}>
              Save
            </Button>
          </div>
        )
      )}
    </form>
  )
}

const tooLong = ({ length }: string) =>
  length > taskLimits.descriptionLength ? `${length - taskLimits.descriptionLength} characters too many` : undefined
