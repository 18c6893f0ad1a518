/** The text so far: what the server has, then what the user has added and it has not confirmed. Of a long one, its end first. */
import { Button } from '@mantine/core'
import { useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Collaborator, Segment } from '../../../../shared/drafts.ts'
import type { UnsentSegment } from '../use-draft.ts'
import { SegmentItem } from './segment-item.tsx'
import classes from './segments.module.css'

const shownAtOnce = 200

interface Props {
  segments: Segment[]
  unsent: UnsentSegment[]
  collaborators: Collaborator[]
  canSend: boolean
}

export function Segments({ segments, unsent, collaborators, canSend }: Props) {
  const list = useRef<HTMLOListElement>(null)
  const usernames = useMemo(() => new Map(collaborators.map(({ id, username }) => [id, username])), [collaborators])
  const [from, setFrom] = useState(Math.max(0, segments.length - shownAtOnce))
  const [lastAtFirst] = useState(segments.at(-1)?.position ?? 0)
  const anchor = useRef<{ element: Element; top: number } | null>(null)

  const showEarlier = () => {
    const element = list.current?.firstElementChild
    if (element) anchor.current = { element, top: element.getBoundingClientRect().top }
    setFrom(Math.max(0, from - shownAtOnce))
    // The button may go, and the earlier ones are what was asked for.
    list.current?.focus({ preventScroll: true })
  }
  // What is being read stays where it is.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once earlier ones are there.
  useLayoutEffect(() => {
    if (!anchor.current) return
    const { element, top } = anchor.current
    scrollBy({ top: element.getBoundingClientRect().top - top, behavior: 'instant' })
    anchor.current = null
  }, [from])

  if (segments.length === 0 && unsent.length === 0)
    return (
      <p className={classes.empty}>
        Nothing is written yet. A draft consists of segments: pieces of text, each added at the end by one user.
      </p>
    )
  return (
    <>
      {from > 0 && (
        <Button variant="default" mb="md" onClick={showEarlier}>
          Show {Math.min(from, shownAtOnce)} earlier segments
        </Button>
      )}
      {/* One list, in which a segment keeps its place in the page when it is confirmed. */}
      <ol ref={list} tabIndex={-1} className={classes.list} aria-label="Segments" start={from + 1}>
        {segments.slice(from).map((segment) => (
          <SegmentItem
            key={segment.id}
            segment={segment}
            username={usernames.get(segment.author?.id ?? '')}
            isNew={segment.position > lastAtFirst}
          />
        ))}
        {unsent.map((segment) => (
          <SegmentItem
            key={segment.id}
            segment={segment}
            unsent={segment}
            username={usernames.get(segment.author?.id ?? '')}
            isNew
            canSend={canSend}
          />
        ))}
      </ol>
    </>
  )
}
