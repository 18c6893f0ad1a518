/** The text so far: what the server has, then what was written here and is on its way. Of a long one, its end first. */
import { Button } from '@mantine/core'
import { useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Draft } from '../../../shared/drafts.ts'
import type { PersonRef } from '../../../shared/person-ref.ts'
import type { Unsent } from './draft-state.ts'
import type { LiveDraft } from './live-draft.ts'
import { SegmentItem } from './segment-item.tsx'
import classes from './segments.module.css'

const shownAtOnce = 200

interface Props {
  live: LiveDraft
  draft: Draft
  unsent: Unsent[]
  me: PersonRef
  canSend: boolean
}

export function Segments({ live, draft, unsent, me, canSend }: Props) {
  const list = useRef<HTMLOListElement>(null)
  const { segments, collaborators } = draft
  const usernames = useMemo(() => new Map(collaborators.map(({ id, username }) => [id, username])), [collaborators])
  const [from, setFrom] = useState(Math.max(0, segments.length - shownAtOnce))
  const [lastAtFirst] = useState(segments.at(-1)?.position ?? 0)
  const kept = useRef<{ element: Element; top: number } | null>(null)

  const showEarlier = () => {
    const element = list.current?.firstElementChild
    if (element) kept.current = { element, top: element.getBoundingClientRect().top }
    setFrom(Math.max(0, from - shownAtOnce))
    // The button may go, and the earlier ones are what was asked for.
    list.current?.focus({ preventScroll: true })
  }
  // What is being read stays where it is.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once earlier ones are there.
  useLayoutEffect(() => {
    if (!kept.current) return
    const { element, top } = kept.current
    scrollBy({ top: element.getBoundingClientRect().top - top, behavior: 'instant' })
    kept.current = null
  }, [from])

  if (segments.length === 0 && unsent.length === 0)
    return <p className={classes.empty}>Nothing is written yet. The first segment begins the draft.</p>
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
            id={segment.id}
            author={segment.author}
            username={usernames.get(segment.author?.id ?? '')}
            text={segment.text}
            at={segment.createdAt}
            isNew={segment.position > lastAtFirst}
          />
        ))}
        {unsent.map((segment) => (
          <SegmentItem
            key={segment.id}
            id={segment.id}
            author={me}
            username={usernames.get(me.id)}
            text={segment.text}
            at={segment.at}
            isNew
            status={segment.status}
            refusal={segment.status === 'refused' ? segment.refusal : undefined}
            live={live}
            canSend={canSend}
          />
        ))}
      </ol>
    </>
  )
}
