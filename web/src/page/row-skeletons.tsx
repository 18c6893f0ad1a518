import { Skeleton, VisuallyHidden } from '@mantine/core'
import classes from './row.module.css'

/** Rows to come, in the places that they will take. `label` says what is loading. */
export function RowSkeletons({ count, label }: { count: number; label: string }) {
  return (
    <div className="late">
      <VisuallyHidden>{label}</VisuallyHidden>
      <ul className={classes.list} aria-hidden>
        {Array.from({ length: count }, (_, place) => place).map((place) => (
          <li key={place} className={classes.row}>
            <Skeleton circle w="1.5rem" h="1.5rem" />
            <div className={classes.words}>
              <Skeleton h="1rem" w="min(14rem, 60%)" mb={8} />
              <Skeleton h="0.75rem" w="min(20rem, 90%)" />
            </div>
          </li>
        ))}
      </ul>
    </div>
  )
}
