import { useEffect, useState } from 'react'
import type { UnsentStore } from './unsent-store.ts'

/** The text of a field, stored as it is written. Where it is sent or deleted elsewhere, the field is emptied. */
export function useUnsentText(unsent: UnsentStore) {
  const [text, setText] = useState(unsent.readText)
  useEffect(() => unsent.onTextDeleted((deleted) => setText((shown) => (shown === deleted ? '' : shown))), [unsent])
  const write = (next: string) => {
    setText(next)
    unsent.storeText(next, text)
  }
  return [text, write] as const
}
