/** A text that arrives in pieces, shown as it would be typed: each frame some of what is missing, so that it never falls far behind. */
import { useReducedMotion } from '@mantine/hooks'
import { useEffect, useState } from 'react'

/** About a quarter of a second for any piece. */
const frames = 15

export function useSteadyText(text: string): string {
  const isStill = useReducedMotion()
  const [length, setLength] = useState(text.length)
  const isBehind = length < text.length && !isStill

  useEffect(() => {
    if (!isBehind) return setLength(text.length)
    const next = requestAnimationFrame(() => setLength(length + Math.ceil((text.length - length) / frames)))
    return () => cancelAnimationFrame(next)
  }, [isBehind, length, text.length])

  if (!isBehind) return text
  // Never half of a character.
  const end = /[\uD800-\uDBFF]/.test(text[length - 1] ?? '') ? length + 1 : length
  return text.slice(0, end)
}
