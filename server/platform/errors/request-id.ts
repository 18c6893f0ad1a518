/** Ids of requests: UUIDv7. */
import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const bytesEach = 16
/** Drawn for many at a time: asking the system for sixteen takes longer than the rest of an id. */
const drawn = new Uint8Array(bytesEach * 256)
let next = drawn.length

export const newRequestId = () => v7({ rng: draw })

function draw(): Uint8Array {
  if (next === drawn.length) {
    randomFillSync(drawn)
    next = 0
  }
  next += bytesEach
  return drawn.subarray(next - bytesEach, next)
}
