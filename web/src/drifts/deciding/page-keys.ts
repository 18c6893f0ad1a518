/** Keys of the pages about drifts, also while a check box has the focus: not in a text, and not below a dialog. */
import type { HotkeyItem } from '@mantine/hooks'
import { isDialogOpen } from './open-dialog.ts'

/** For `useHotkeys`, with no tags to ignore. */
export const pageKeys = (acts: Record<string, () => void>): HotkeyItem[] =>
  Object.entries(acts).map(
    ([key, act]): HotkeyItem => [
      key,
      (event: KeyboardEvent) => {
        if (isDialogOpen() || isText(event.target)) return
        event.preventDefault()
        act()
      },
      { preventDefault: false },
    ],
  )

const isText = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches('textarea, select, input:not([type="checkbox"])')
