import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Pause } from './pause.ts'

/** As much of a page as a pause looks at. */
const page = Object.assign(new EventTarget(), { hidden: false })
const network = new EventTarget()

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('document', page)
  vi.stubGlobal('window', network)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

function wait(hidden: boolean) {
  page.hidden = hidden
  const pause = new Pause(1000)
  const state = { over: false }
  void pause.over.then(() => {
    state.over = true
  })
  return { pause, state }
}
const passing = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('a pause', () => {
  it.each([
    ['in sight', false, 1],
    ['hidden', true, 3],
  ])('of a page %s lasts from half of its time to all of it', async (_, hidden, factor) => {
    const { state } = wait(hidden)
    await passing(499 * factor)
    expect(state.over).toBe(false)
    await passing(501 * factor)
    expect(state.over).toBe(true)
  })

  it('is over once its page is seen again', async () => {
    const { state } = wait(true)
    page.dispatchEvent(new Event('visibilitychange'))
    await passing(0)
    expect(state.over).toBe(false)
    page.hidden = false
    page.dispatchEvent(new Event('visibilitychange'))
    await passing(0)
    expect(state.over).toBe(true)
  })

  it('is over once the network is back, and of a hidden page soon after', async () => {
    const [hidden, seen] = [wait(true), wait(false)]
    page.hidden = false
    network.dispatchEvent(new Event('online'))
    await passing(0)
    expect([hidden.state.over, seen.state.over]).toEqual([true, true])
    const { state } = wait(true)
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    network.dispatchEvent(new Event('online'))
    await passing(999)
    expect(state.over).toBe(false)
    await passing(1)
    expect(state.over).toBe(true)
  })

  it('ended early leaves nothing behind, also in a program', async () => {
    vi.stubGlobal('document', undefined)
    const { pause, state } = wait(false)
    pause.end()
    await passing(0)
    expect([state.over, vi.getTimerCount()]).toEqual([true, 0])
  })
})
