/** The message that the address names, which a search has found: it is loaded, scrolled to and focused, once for each address. */
import { Loader } from '@mantine/core'
import { useEffect, useRef } from 'react'
import type { OpenConversation } from '../use-conversation.ts'
import classes from './message.module.css'
import { messageElementId } from './message-item.tsx'

type Search = 'loading' | 'shown' | 'missing'

/** Of one conversation, back from its end. */
const loadedAtMost = 1_000

/** Null where the address names none. */
export function useFoundMessage(now: OpenConversation, messageId: string | undefined): Search | null {
  const { live, messages, hasOlder, isLoadingMore, moreFailure } = now
  const count = messages?.length ?? 0
  const isHere = messages?.some(({ id }) => id === messageId) ?? false
  const canLoad = hasOlder && count < loadedAtMost
  const wantsMore = messageId !== undefined && messages !== null && !isHere && canLoad
  const shownId = useRef<string | null>(null)

  useEffect(() => {
    if (wantsMore && !isLoadingMore && !moreFailure) void live.messages.loadMore()
  }, [live, wantsMore, isLoadingMore, moreFailure])

  useEffect(() => {
    if (!isHere || messageId === undefined || shownId.current === messageId) return
    const show = () => {
      const element = document.getElementById(messageElementId(messageId))
      element?.scrollIntoView({ block: 'center', behavior: 'instant' })
      element?.focus({ preventScroll: true })
    }
    // After the router has put the page to its top, and again once what is around the message has its size.
    let frame = requestAnimationFrame(() => {
      show()
      frame = requestAnimationFrame(() => {
        show()
        shownId.current = messageId
      })
    })
    return () => cancelAnimationFrame(frame)
  }, [isHere, messageId])

  if (messageId === undefined || messages === null) return null
  if (isHere) return 'shown'
  return canLoad ? 'loading' : 'missing'
}

export function FoundMessageNote({ state }: { state: Search | null }) {
  return (
    <div role="status" className={classes.search}>
      {state === 'loading' && (
        <>
          <Loader size="sm" aria-hidden /> Loading the message that was found
        </>
      )}
      {state === 'missing' &&
        `The message that was found is not among those that are loaded. Earlier ones load as you scroll up.`}
    </div>
  )
}
