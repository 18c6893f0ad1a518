/** What happens to unsent work that users left on a device. */
import { expect, it } from 'vitest'
import { leftForMs, reviewLeft } from './review-left.ts'

const now = Date.parse('2026-11-30T12:00:00Z')
const chosen = { until: now + 1000, isChosen: true }
const unasked = { until: now + 1000, isChosen: false }

it('work that a user chose to keep survives the session of another user, and other work does not', () => {
  const left = { ada: chosen, mira: unasked }
  expect(reviewLeft(left, ['ada', 'mira', 'new'], 'jon', now)).toEqual({
    deadlines: { ada: chosen },
    overdue: ['mira', 'new'],
  })
})

it('no work stays for longer than a week after the end of the session, even by choice or when the clock is set back', () => {
  const later = now + leftForMs
  const { deadlines } = reviewLeft({}, ['ada'], null, now)
  expect(deadlines).toEqual({ ada: { until: later, isChosen: false } })
  expect(reviewLeft(deadlines, ['ada'], null, later - 1)).toEqual({ deadlines, overdue: [] })
  expect(reviewLeft(deadlines, ['ada'], null, later)).toEqual({ deadlines: {}, overdue: ['ada'] })
  expect(reviewLeft({ ada: { until: later, isChosen: true } }, ['ada'], 'jon', later).overdue).toEqual(['ada'])
  const ahead = { ada: { until: later + leftForMs, isChosen: true } }
  expect(reviewLeft(ahead, ['ada'], null, now).deadlines).toEqual({ ada: { until: later, isChosen: true } })
})

it('a user who signs in again loses nothing, and no deadline remains', () => {
  const left = { ada: { until: now - 1, isChosen: false } }
  expect(reviewLeft(left, ['ada'], 'ada', now)).toEqual({ deadlines: {}, overdue: [] })
})
