/** Preloaded into a server under measurement: tells its parent what it has used, and changes nothing else. */
import { setImmediate as turn } from 'node:timers/promises'

export interface Used {
  rss: number
  heap: number
  cpuS: number
}

process.on('message', async ({ collect }: { collect: boolean }) => {
  // Only where memory is asked for: it throws compiled code away too.
  for (let i = 0; collect && i < 3; i++) {
    await global.gc?.({ type: 'major', execution: 'async', flavor: 'last-resort' })
    await turn()
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  process.send?.({ rss, heap: heapUsed + external, cpuS: (user + system) / 1e6 } satisfies Used)
})
process.channel?.unref()
