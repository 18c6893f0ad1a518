/** The list of keys, by `?`. */
import { Kbd } from '@mantine/core'
import { Dialog } from '../page/dialog.tsx'
import { modifierKey } from './modifier-key.ts'
import classes from './shortcuts-dialog.module.css'
import type { DialogState } from './use-lazy-dialog.ts'

const shortcuts = [
  { keys: [modifierKey, 'K'], does: 'Search and run commands' },
  { keys: [modifierKey, 'Enter'], does: 'Add the segment that you write' },
  { keys: ['?'], does: 'Show this list' },
  { keys: ['Esc'], does: 'Close what is open' },
  { keys: ['Tab'], does: 'Go to the next control; first of all, skip to the content' },
  { keys: ['←', '→'], does: 'Go from tab to tab' },
]

export function ShortcutsDialog({ opened, onClose }: DialogState) {
  return (
    <Dialog opened={opened} onClose={onClose} title="Keyboard shortcuts">
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
    </Dialog>
  )
}
