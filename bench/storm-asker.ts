/** Another user, who requests `/me` every few milliseconds, each time after the last response. Reports the duration of each. */
import { setTimeout as delay } from 'node:timers/promises'

const everyMs = 10
const url = `http://127.0.0.1:${process.argv[2]}/me`
/** Milliseconds of each response, and how many responses were 503. */
export interface Latencies {
  taken: number[]
  refused: number
}
let latencies: Latencies = { taken: [], refused: 0 }
let cookie: string | null = null

process.on('message', ({ begin }: { begin?: string }) => {
  if (begin) {
    latencies = { taken: [], refused: 0 }
    cookie = begin
    process.send?.({})
  } else {
    cookie = null
    process.send?.(latencies)
  }
})

for (;;) {
  await delay(everyMs)
  if (cookie === null) continue
  const began = performance.now()
  const status = await fetch(url, { headers: { cookie } }).then(
    async (response) => {
      await response.arrayBuffer()
      return response.status
    },
    () => null,
  )
  // The connection is refused while the server starts.
  if (status === null) continue
  if (status === 503) latencies.refused++
  else if (status === 200) latencies.taken.push(performance.now() - began)
  else throw new Error(`/me was answered ${status}`)
}
