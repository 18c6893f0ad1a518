/** The list of keys, by `?`. */
import { Kbd, Title } from '@mantine/core'
import { Dialog } from '../page/dialog.tsx'
import type { Shortcut } from '../products/product.ts'
import { useProducts } from '../products/use-products.ts'
import { modifierKey } from './modifier-key.ts'
import classes from './shortcuts-dialog.module.css'
import type { DialogState } from './use-lazy-dialog.ts'

const everywhere: Shortcut[] = [
  { keys: [modifierKey, 'K'], does: 'Search and run commands' },
  { keys: ['?'], does: 'Show this list' },
  { keys: ['Esc'], does: 'Close what is open' },
  { keys: ['Tab'], does: 'Go to the next control; first of all, skip to the content' },
  { keys: ['←', '→'], does: 'Go from tab to tab' },
]

export function ShortcutsDialog({ opened, onClose }: DialogState) {
  const groups = [{ name: 'Everywhere', shortcuts: everywhere }, ...useProducts()]
  return (
    <Dialog opened={opened} onClose={onClose} title="Keyboard shortcuts">
      {groups.map(
        ({ name, shortcuts }) =>
          shortcuts && (
            <section key={name} className={classes.group}>
              <Title order={3}>{name}</Title>
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
          ),
      )}
    </Dialog>
  )
}
