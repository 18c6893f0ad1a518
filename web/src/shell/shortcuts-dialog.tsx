/** The list of keys, by `?`. */
import { Kbd, Title } from '@mantine/core'
import { Dialog } from '../page/dialog.tsx'
import { modifierKey } from './modifier-key.ts'
import classes from './shortcuts-dialog.module.css'
import type { DialogState } from './use-lazy-dialog.ts'

interface Shortcut {
  keys: string[]
  does: string
}

const everywhere: Shortcut[] = [
  { keys: [modifierKey, 'K'], does: 'Search and run commands' },
  { keys: ['?'], does: 'Show this list' },
  { keys: ['Esc'], does: 'Close what is open' },
  { keys: ['Tab'], does: 'Go to the next control; first of all, skip to the content' },
  { keys: ['←', '→'], does: 'Go from tab to tab' },
]
const inDrafts: Shortcut[] = [{ keys: [modifierKey, 'Enter'], does: 'Add the segment that you write' }]
const inTasks: Shortcut[] = [
  { keys: ['N'], does: 'Go to the field for a new task' },
  { keys: ['↑', '↓'], does: 'Go from task to task, also with K and J' },
  { keys: ['Home', 'End'], does: 'Go to the first or the last task' },
  { keys: ['X'], does: 'Mark the task as done or open again, also with Space' },
  { keys: ['Enter'], does: 'Open the task to read or change it' },
  { keys: ['Alt', '↑'], does: 'Move the task up; with Shift to the top' },
  { keys: ['Alt', '↓'], does: 'Move the task down; with Shift to the bottom' },
  { keys: ['Del'], does: 'Delete the task, also with Backspace' },
  { keys: [modifierKey, 'Z'], does: 'Take back what was just done or deleted' },
]
const inConversations: Shortcut[] = [
  { keys: ['Enter'], does: 'Send the message that you write' },
  { keys: ['Shift', 'Enter'], does: 'Begin a new line in it' },
  { keys: ['Esc'], does: 'Stop the answer, from the field that you write in' },
]
const inDrifts: Shortcut[] = [
  { keys: ['↑', '↓'], does: 'Go from drift to drift, also with K and J' },
  { keys: ['Enter'], does: 'Open the drift' },
  { keys: ['A'], does: 'Approve the drift' },
  { keys: ['R'], does: 'Reject the drift, with a reason' },
]
const groups = [
  { title: 'Everywhere', shortcuts: everywhere },
  { title: 'Drafts', shortcuts: inDrafts },
  { title: 'Tasks', shortcuts: inTasks },
  { title: 'Conversations', shortcuts: inConversations },
  { title: 'Drifts', shortcuts: inDrifts },
]

export function ShortcutsDialog({ opened, onClose }: DialogState) {
  return (
    <Dialog opened={opened} onClose={onClose} title="Keyboard shortcuts">
      {groups.map(({ title, shortcuts }) => (
        <section key={title} className={classes.group}>
          <Title order={3}>{title}</Title>
          <dl className={classes.list}>
            {shortcuts.map(({ keys, does }) => (
              <div key={does}>
                <dt>
                  {keys.map((key) => (
                    <Kbd key={key}>{key}</Kbd>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  )
}
