/** Says to assistive technology what changed without a change of focus. The region exists before there is news. */
import { VisuallyHidden } from '@mantine/core'
import { useSyncExternalStore } from 'react'
import { onPagesCleared } from '../session/clear-pages.ts'

let latest = { text: '', count: 0 }
const listeners = new Set<() => void>()

export function announce(text: string) {
  latest = { text, count: latest.count + 1 }
  for (const listener of listeners) listener()
}

onPagesCleared(() => announce(''))

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function Announcer() {
  const { text, count } = useSyncExternalStore(subscribe, () => latest)
  return (
    <VisuallyHidden role="status" aria-live="polite" aria-atomic>
      {/* A new element, so that the same words twice are said twice. */}
      <span key={count}>{text}</span>
    </VisuallyHidden>
  )
}
