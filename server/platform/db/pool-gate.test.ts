import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PoolGate } from './pool-gate.ts'

/** A task that runs until told how to end. */
function heldTask() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const task = vi.fn(() => promise)
  return { task, finish: () => resolve('done'), fail: (error: Error) => reject(error) }
}

const waitMs = 2000
/** The gate's own timers, by their time. Libraries that other files of the process have used set some too. */
const waits = new Set<unknown>()

describe('the gate of a pool', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    const { setTimeout: set, clearTimeout: clear } = globalThis
    vi.stubGlobal('setTimeout', (run: () => void, ms?: number) => {
      const timer = set(() => {
        waits.delete(timer)
        run()
      }, ms)
      if (ms === waitMs) waits.add(timer)
      return timer
    })
    vi.stubGlobal('clearTimeout', (timer: NodeJS.Timeout) => {
      waits.delete(timer)
      clear(timer)
    })
  })
  afterEach(() => {
    expect(waits.size, 'timers left over').toBe(0)
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  it('lets only so many tasks run at once, and the others in the order in which they came', async () => {
    const gate = new PoolGate(2)
    const held = Array.from({ length: 6 }, heldTask)
    const runs = held.map(({ task }) => gate.run(task))
    const begun = () => held.map(({ task }) => task.mock.calls.length)
    expect(begun()).toEqual([1, 1, 0, 0, 0, 0])
    held[1]?.finish()
    await vi.waitFor(() => expect(begun()).toEqual([1, 1, 1, 0, 0, 0]))
    held[0]?.finish()
    await vi.waitFor(() => expect(begun()).toEqual([1, 1, 1, 1, 0, 0]))
    for (const { finish } of held) finish()
    expect(await Promise.all(runs)).toEqual(Array(6).fill('done'))
  })

  it('refuses as SERVER_BUSY after 2 s, and never begins that task', async () => {
    const gate = new PoolGate(1)
    const slow = heldTask()
    const late = heldTask()
    const slowRun = gate.run(slow.task)
    const lateRun = gate.run(late.task)
    const refused = expect(lateRun).rejects.toMatchObject({ code: 'SERVER_BUSY', status: 503, retryAfterS: 2 })
    await vi.advanceTimersByTimeAsync(1999)
    expect(late.task).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await refused
    slow.finish()
    await slowRun
    expect(late.task).not.toHaveBeenCalled()
    // The refused one left no hole in the queue behind it.
    expect(await gate.run(async () => 'next')).toBe('next')
  })

  it('gives each share a turn, however many tasks one of them has', async () => {
    const gate = new PoolGate(1)
    const order: string[] = []
    const runs = ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'].map((name) =>
      gate.run(async () => void order.push(name), name.slice(0, 1)),
    )
    await Promise.all(runs)
    expect(order).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2'])
  })

  it('refuses a task at once when too many wait, of its share or in total', async () => {
    const gate = new PoolGate(1, 2000, { perShare: 2, total: 3 })
    const slow = heldTask()
    const runs = [gate.run(slow.task, 'a')]
    const next = (share: string) => gate.run(async () => share, share)
    runs.push(next('a'), next('a'))
    await expect(next('a')).rejects.toMatchObject({ code: 'SERVER_BUSY' })
    runs.push(next('b'))
    await expect(next('c')).rejects.toMatchObject({ code: 'SERVER_BUSY' })
    slow.finish()
    expect(await Promise.all(runs)).toEqual(['done', 'a', 'a', 'b'])
    expect(await Promise.all(['a', 'a', 'a', 'b'].map(next))).toEqual(['a', 'a', 'a', 'b'])
  })

  it('gives the slot of a failed task to the next, thrown at once or later', async () => {
    const gate = new PoolGate(1)
    const failing = heldTask()
    const first = gate.run(failing.task)
    const second = gate.run(() => {
      throw new Error('at once')
    })
    const third = gate.run(async () => 'third')
    failing.fail(new Error('later'))
    await expect(first).rejects.toThrow('later')
    await expect(second).rejects.toThrow('at once')
    expect(await third).toBe('third')
  })

  it('never runs more than its slots, whatever ends when', async () => {
    const gate = new PoolGate(3, 50)
    let [running, most, refused] = [0, 0, 0]
    const runs = Array.from({ length: 200 }, (_, at) =>
      gate
        .run(async () => {
          most = Math.max(most, ++running)
          await new Promise((resolve) => setTimeout(resolve, (at * 7) % 11))
          running--
          if (at % 5 === 0) throw new Error('planned')
        })
        .catch((error) => {
          if (error.code === 'SERVER_BUSY') refused++
        }),
    )
    await vi.runAllTimersAsync()
    await Promise.all(runs)
    expect({ most, running }).toEqual({ most: 3, running: 0 })
    expect(refused).toBeGreaterThan(0)
    expect(await Promise.all([1, 2, 3].map((n) => gate.run(async () => n)))).toEqual([1, 2, 3])
  })
})
