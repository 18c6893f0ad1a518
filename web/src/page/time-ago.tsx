/** A moment as people say it, the exact one on hover, in the reader's zone. Grows older while the page is open. */
import { useSyncExternalStore } from 'react'

// The words around are English; a reader of another kind of English keeps their order of day and month.
const locale = navigator.language.startsWith('en') ? navigator.language : 'en-GB'
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const exactFormat = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short' })
const dayFormat = new Intl.DateTimeFormat(locale, { dateStyle: 'long' })

const clockFormat = new Intl.DateTimeFormat(locale, { timeStyle: 'short' })
const dayAndClockFormat = new Intl.DateTimeFormat(locale, {
  day: 'numeric',
  month: 'short',
  hour: 'numeric',
  minute: '2-digit',
})
const yearToo = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })

const steps = [
  ['minute', 60_000, 60],
  ['hour', 3_600_000, 24],
  ['day', 86_400_000, 30],
  ['month', 2_629_800_000, 12],
  ['year', 31_557_600_000, Number.POSITIVE_INFINITY],
] as const

export function agoWords(moment: string, nowMs: number): string {
  const agoMs = Math.max(0, nowMs - Date.parse(moment))
  if (agoMs < 60_000) return 'just now'
  for (const [unit, unitMs, next] of steps) {
    const amount = Math.floor(agoMs / unitMs)
    if (amount < next) return relative.format(-amount, unit)
  }
  return dayFormat.format(new Date(moment))
}

const tickMs = 15_000
const subscribe = (listener: () => void) => {
  const timer = setInterval(listener, tickMs)
  return () => clearInterval(timer)
}
const tick = () => Math.floor(Date.now() / tickMs) * tickMs

export function TimeAgo({ at }: { at: string }) {
  useSyncExternalStore(subscribe, tick)
  return (
    <time dateTime={at} title={exactFormat.format(new Date(at))}>
      {agoWords(at, Date.now())}
    </time>
  )
}

export function Day({ at }: { at: string }) {
  const moment = new Date(at)
  return (
    <time dateTime={at} title={exactFormat.format(moment)}>
      {dayFormat.format(moment)}
    </time>
  )
}

/** As a clock and, of another day, a calendar say it. Does not change while it is in sight, for there may be thousands. */
export function ShortTime({ at }: { at: string }) {
  const moment = new Date(at)
  const now = new Date()
  const isToday = moment.toDateString() === now.toDateString()
  const format = isToday ? clockFormat : moment.getFullYear() === now.getFullYear() ? dayAndClockFormat : yearToo
  return (
    <time dateTime={at} title={exactFormat.format(moment)}>
      {format.format(moment)}
    </time>
  )
}
