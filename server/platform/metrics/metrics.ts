/**
 * What is counted, for Prometheus. Labels have few values and name nobody: a route's pattern and never its path, an outcome and
 * never a person.
 */
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'

let ofProcess: Registry | undefined

/** Once a process, however many apps are in it: what watches its event loop and garbage is never let go. */
function processMetrics(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry()
    collectDefaultMetrics({ register: ofProcess })
  }
  return ofProcess
}

export class Metrics {
  readonly registry = new Registry()
  readonly #own = { registers: [this.registry] }

  readonly requestSeconds = new Histogram({
    ...this.#own,
    name: 'http_request_duration_seconds',
    help: 'Time from a request to the end of its answer; streams and sockets, which last, are not in it.',
    labelNames: ['method', 'route', 'status_code'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10],
  })

  readonly legacyHeaderUses = new Counter({
    ...this.#own,
    name: 'legacy_header_uses_total',
    help: 'Requests and sockets that nothing but a vouched-for X-User-Id spoke for.',
    labelNames: ['outcome'] as const,
  })

  readonly signIns = new Counter({
    ...this.#own,
    name: 'sign_ins_total',
    help: 'Attempts to sign in.',
    labelNames: ['method', 'outcome'] as const,
  })

  readonly socketUpgradesRefused = new Counter({
    ...this.#own,
    name: 'socket_upgrades_refused_total',
    help: 'WebSocket upgrades that were refused with 503 because too many waited, or their turn did not come in time.',
  })

  /** In the text format of Prometheus. */
  async text(): Promise<string> {
    return Registry.merge([this.registry, processMetrics()]).metrics()
  }

  get contentType(): string {
    return this.registry.contentType
  }
}
