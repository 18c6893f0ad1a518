import { useEffect, useRef } from 'react'

const isText = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target.matches('textarea, select, input:not([type="checkbox"], [type="radio"], [type="button"])'))

/** By lone letters, and `mod+` ones, wherever they are not text and nothing lies over the page. */
export function usePageKeys(keys: Record<string, () => void>) {
  const latest = useRef(keys)
  useEffect(() => {
    latest.current = keys
  })
  useEffect(() => {
    const onKeyDown = (event: globalThis.KeyboardEvent) => {
      if (event.altKey || event.shiftKey || event.isComposing || isText(event.target)) return
      if (document.querySelector('[role="dialog"], [role="menu"]')) return
      const act = latest.current[`${event.ctrlKey || event.metaKey ? 'mod+' : ''}${event.key}`]
      if (!act) return
      event.preventDefault()
      act()
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [])
}
