/** The page to come, in the places that its parts will take. */
import { Skeleton, VisuallyHidden } from '@mantine/core'
import { Section } from '../../page/section.tsx'
import type { Show } from '../task-rules.ts'
import { Filters } from './filters.tsx'
import classes from './task-list.module.css'

export function TasksSkeleton({ title, show }: { title: string; show: Show }) {
  return (
    <Section title={title} about={'\u00a0'} action={<Filters show={show} />}>
      <Skeleton className="late" h="2.25rem" mb="md" />
      <ListSkeleton />
    </Section>
  )
}

export function ListSkeleton() {
  return (
    <div className={`late ${classes.skeleton}`}>
      <VisuallyHidden>Loading your tasks</VisuallyHidden>
      {['45%', '60%', '35%', '70%', '50%'].map((width) => (
        <RowSkeleton key={width} width={width} />
      ))}
    </div>
  )
}

export function RowSkeleton({ width = '50%' }: { width?: string }) {
  return (
    <div className={classes.row} aria-hidden>
      <Skeleton circle w="1.5rem" h="1.5rem" m={4} />
      <Skeleton h="1rem" w={width} ms={4} />
    </div>
  )
}
