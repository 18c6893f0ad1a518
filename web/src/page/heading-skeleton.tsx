import { Skeleton } from '@mantine/core'

/** In the place of a heading that is still to come. `text` is read aloud meanwhile. */
export function HeadingSkeleton({ text, width }: { text: string; width: string }) {
  return (
    <span className="late">
      <Skeleton component="span" display="block" h="2.25rem" w={`min(${width}, 70vw)`}>
        {text}
      </Skeleton>
    </span>
  )
}
