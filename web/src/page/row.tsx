/** One line of a list: an icon, one strong line, one quiet line, and its state or action at the right. */
import type { Icon } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import classes from './row.module.css'

interface Props {
  icon: Icon
  strong: ReactNode
  quiet: ReactNode
  side?: ReactNode
  /** Asked for, not yet confirmed. */
  isPending?: boolean
}

export function Row({ icon: RowIcon, strong, quiet, side, isPending = false }: Props) {
  return (
    <div className={classes.row} data-pending={isPending || undefined}>
      <RowIcon className={classes.icon} size="1.5rem" stroke={1.5} aria-hidden />
      <div className={classes.words}>
        <div className={classes.strong} dir="auto">
          {strong}
        </div>
        <div className={classes.quiet}>{quiet}</div>
      </div>
      {side && <div className={classes.side}>{side}</div>}
    </div>
  )
}
