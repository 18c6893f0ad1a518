/** What can be done with the drifts that are selected. */
import { Button, Group, Kbd } from '@mantine/core'
import { IconCheck, IconX } from '@tabler/icons-react'
import type { Verdict } from '../deciding/decisions.ts'
import { countWords, driftsWords } from '../drift-words.ts'
import classes from './drift-table.module.css'
import { selectedAtMost } from './use-selection.ts'

interface Props {
  count: number
  /** Of all that match. */
  total: number
  isSelectingAll: boolean
  onSelectAll: () => void
  onClear: () => void
  onDecide: (verdict: Verdict) => void
}

export function SelectionBar({ count, total, isSelectingAll, onSelectAll, onClear, onDecide }: Props) {
  const all = Math.min(total, selectedAtMost)
  return (
    <div className={classes.selection} role="toolbar" aria-label="Selected drifts">
      <strong aria-live="polite">{driftsWords(count)} selected</strong>
      {count < all && (
        <Button size="compact-sm" variant="subtle" loading={isSelectingAll} onClick={onSelectAll}>
          {all < total ? `Select the first ${countWords(all)}` : `Select all ${countWords(all)} that match`}
        </Button>
      )}
      <Group gap="xs" ml="auto">
        <Button
          size="xs"
          leftSection={<IconCheck size="1rem" aria-hidden />}
          rightSection={<Key letter="A" />}
          aria-keyshortcuts="a"
          onClick={() => onDecide('approve')}
        >
          Approve {countWords(count)}
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconX size="1rem" aria-hidden />}
          rightSection={<Key letter="R" />}
          aria-keyshortcuts="r"
          onClick={() => onDecide('reject')}
        >
          Reject {countWords(count)}
        </Button>
        <Button size="xs" variant="subtle" onClick={onClear}>
          Clear
        </Button>
      </Group>
    </div>
  )
}

const Key = ({ letter }: { letter: string }) => (
  <Kbd size="xs" aria-hidden>
    {letter}
  </Kbd>
)
