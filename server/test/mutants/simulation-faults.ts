/** Faults that the code once had and that schedules of the simulation find, by the seeds in `simulation.test.ts`. */
import type { Fault } from './fault.ts'

const reader = 'server/platform/live/channel-reader.ts'
const foundBy = (tests: string) => ({ file: 'server/test/simulation/simulation.test.ts', tests })

export const simulationFaults: readonly Fault[] = [
  {
    name: 'events that follow another history are delivered as the next ones',
    file: 'server/platform/live/channel-event.ts',
    from: 'at.mark === mark || at.mark === anyMark',
    to: 'true',
    foundBy: foundBy('lost its newest commits'),
  },
  {
    name: 'events that were committed together are sent in one write',
    file: reader,
    from: 'if (chars >= pieceChars) {',
    to: 'if (chars < 0) {',
    foundBy: foundBy('a burst of events'),
  },
  {
    name: 'a page of the numbers before is stored with the events of the numbers after',
    file: reader,
    from: 'if (turn === this.#turns) this.#prepend(known)',
    to: 'if (turn <= this.#turns) this.#prepend(known)',
    foundBy: foundBy('numbers that are restarted'),
  },
  {
    name: 'a reader that waits for its first answer counts as idle',
    file: reader,
    from: 'async open(): Promise<void> {\n',
    to: 'async open(): Promise<void> {\n    return this.#readState()\n',
    foundBy: foundBy('takes long to open'),
  },
  {
    name: 'a cursor beyond what could be read is answered with resync',
    file: reader,
    from: 'at.seq > this.#last && at.seq <= head)',
    to: 'at.seq > this.#last && at.seq < 0)',
    foundBy: foundBy('answers too late'),
  },
  {
    name: 'an outbox that could not be read is not read again',
    file: 'client/outbox.ts',
    from: 'this.#ledger.isReadable ?',
    to: 'this.#ledger.isReadable || true ?',
    foundBy: foundBy('cannot be read for a while'),
  },
]
