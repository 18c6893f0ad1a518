/** One field for a new task. Enter adds it on top and keeps the focus; of several lines pasted, each is asked to become one. */
import { Button, TextInput } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { type ClipboardEvent, type FormEvent, type Ref, useState } from 'react'
import { CreateTask } from '../../../../shared/tasks.ts'
import { ConfirmDialog } from '../../page/confirm-dialog.tsx'
import { addTasks } from '../task-acts.ts'
import classes from './add-task.module.css'

const mostLines = 100
const { title: Title } = CreateTask.shape

interface Props {
  ref: Ref<HTMLInputElement>
  onAdded: () => void
  /** By the arrow, into what is below. */
  onLeaveDown: () => void
}

export function AddTask({ ref, onAdded, onLeaveDown }: Props) {
  const [title, setTitle] = useState('')
  const [fault, setFault] = useState<string | null>(null)
  const [pasted, setPasted] = useState<string[]>([])
  const [isAsking, setAsking] = useState(false)

  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (title.trim() === '') return
    const input = Title.safeParse(title)
    if (!input.success) return setFault(input.error.issues[0]?.message ?? 'Not a title that can be stored')
    addTasks([input.data])
    setTitle('')
    onAdded()
  }
  const onPaste = (event: ClipboardEvent) => {
    const lines = event.clipboardData
      .getData('text')
      .split(/[\r\n]+/)
      .map((line) => line.trim())
      .filter((line) => line !== '')
    if (lines.length < 2) return
    event.preventDefault()
    const bad = lines.find((line) => !Title.safeParse(line).success)
    if (lines.length > mostLines) return setFault(`At most ${mostLines} lines at once; these are ${lines.length}`)
    if (bad !== undefined) return setFault(`A line cannot be a title: “${bad.slice(0, 40)}…”`)
    setFault(null)
    setPasted(lines)
    setAsking(true)
  }
  const addPasted = () => {
    addTasks(pasted)
    setAsking(false)
    onAdded()
  }

  return (
    <form className={classes.form} onSubmit={submit} aria-label="Add a task">
      <TextInput
        ref={ref}
        className={classes.field}
        aria-label="Add a task"
        aria-keyshortcuts="n"
        placeholder="Add a task"
        autoComplete="off"
        enterKeyHint="done"
        value={title}
        error={fault}
        onPaste={onPaste}
        onKeyDown={({ key }) => key === 'ArrowDown' && onLeaveDown()}
        onChange={(event) => {
          setTitle(event.currentTarget.value)
          setFault(null)
        }}
      />
      <Button type="submit" leftSection={<IconPlus size="1rem" aria-hidden />} disabled={title.trim() === ''}>
        Add
      </Button>
      <ConfirmDialog
        asked={{
          question: `Add ${pasted.length} tasks?`,
          consequence: (
            <>
              Each line that you pasted becomes a task:
              <ol className={classes.lines}>
                {pasted.map((line, place) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: lines may be the same, and stay where they are.
                  <li key={place}>{line}</li>
                ))}
              </ol>
            </>
          ),
          confirm: `Add ${pasted.length} tasks`,
          isHarmless: true,
        }}
        opened={isAsking}
        isPending={false}
        onCancel={() => setAsking(false)}
        onConfirm={addPasted}
      />
    </form>
  )
}
