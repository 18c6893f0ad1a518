/**
 * One event to N sockets, by four servers in turn: raw `ws` with one shared buffer, Socket.IO, tRPC as its documentation
 * has it, and Plinth's hub behind tRPC. Throughput is deliveries per second of the server's own CPU time, so it does not
 * depend on how fast the clients read, as long as they do; whether they do is printed. Latency is taken apart from it, at a rate
 * that the slowest of them carries.
 *
 * node fan-out.ts [sockets …]      default 100 1000
 */
import { ask, reply, start } from './child.ts'
import { median, percentile, rounded } from './figures.ts'

const contestants = ['raw', 'socket.io', 'trpc', 'plinth'] as const
type Contestant = (typeof contestants)[number]
const rounds = 5
const shapes = [
  { shape: 'single events', size: 1 },
  { shape: 'bursts of 20', size: 20 },
] as const
/** Of the server, for each shape; before it a part of that to warm up. */
const cpuS = 2
const warmUpCpuS = 1.5
/** Half of what tRPC as documented carries on one core here. */
const deliveriesPerS = 5000
const latencyS = 2

interface Figures {
  perCpuSecond: number
  clientCores: number
  /** How often the server found a reader's buffers full. */
  waits: number
}
interface Latencies {
  p50: number
  p95: number
  p99: number
}
interface Results {
  throughput: Map<string, Figures[]>
  latency: Map<Contestant, Latencies[]>
  idleKiB: Map<Contestant, number[]>
}

const sizes = process.argv.slice(2).map(Number)
for (const sockets of sizes.length > 0 ? sizes : [100, 1000]) {
  const results: Results = { throughput: new Map(), latency: new Map(), idleKiB: new Map() }
  for (let round = 0; round < rounds; round++) {
    // In turns, so that a slow moment of the machine is everybody's.
    for (const contestant of contestants) await measure(contestant, sockets, results)
  }
  print(sockets, results)
}

async function measure(contestant: Contestant, sockets: number, results: Results) {
  const server = start('fan-out-server.ts', [contestant], ['--expose-gc'])
  const clients = start('fan-out-clients.ts')
  try {
    const { port } = await reply<{ port: number }>(server)
    const { rss: before } = await ask<{ rss: number }>(server, { ask: 'heap' })
    await ask(clients, { ask: 'connect', contestant, port, sockets })
    await ask(server, { ask: 'subscribed', sockets })
    const { rss: after } = await ask<{ rss: number }>(server, { ask: 'heap' })
    add(results.idleKiB, contestant, (after - before) / 1024 / sockets)

    const publish = async (size: number, cpuS: number) => {
      await ask(clients, { ask: 'begin' })
      const published = await ask<{ events: number; cpuS: number; waits: number }>(server, {
        ask: 'publish',
        size,
        cpuS,
      })
      const client = await ask<{ cores: number }>(clients, { ask: 'end', expected: published.events * sockets })
      return { ...published, perCpuSecond: (published.events * sockets) / published.cpuS, clientCores: client.cores }
    }
    await publish(1, warmUpCpuS)
    for (const { shape, size } of shapes) add(results.throughput, `${contestant}|${shape}`, await publish(size, cpuS))

    await ask(clients, { ask: 'begin', ages: true })
    const everyMs = (sockets / deliveriesPerS) * 1000
    const { events } = await ask<{ events: number }>(server, {
      ask: 'pace',
      everyMs,
      events: Math.ceil((latencyS * 1000) / everyMs),
    })
    const { ages } = await ask<{ ages: number[] }>(clients, { ask: 'end', expected: events * sockets })
    const [p50, p95, p99] = [50, 95, 99].map((percent) => percentile(ages, percent)) as [number, number, number]
    add(results.latency, contestant, { p50, p95, p99 })
  } finally {
    server.kill()
    clients.kill()
  }
}

function add<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value) {
  map.set(key, [...(map.get(key) ?? []), value])
}

function print(sockets: number, { throughput, latency, idleKiB }: Results) {
  for (const { shape } of shapes) {
    const figure = (contestant: Contestant, of: keyof Figures) =>
      median((throughput.get(`${contestant}|${shape}`) ?? []).map((figures) => figures[of]))
    console.log(`\n${sockets} sockets, ${shape}`)
    console.table(
      rows((contestant) => ({
        'deliveries / CPU s': Math.round(figure(contestant, 'perCpuSecond')),
        'plinth is': `${(figure('plinth', 'perCpuSecond') / figure(contestant, 'perCpuSecond')).toFixed(2)} x`,
        'clients, cores': rounded(figure(contestant, 'clientCores'), 2),
        'waits for clients': figure(contestant, 'waits'),
      })),
    )
  }
  console.log(`\n${sockets} sockets, ${deliveriesPerS} deliveries a second in all; idle memory`)
  console.table(
    rows((contestant) => {
      const ms = (of: keyof Latencies) =>
        rounded(median((latency.get(contestant) ?? []).map((figures) => figures[of])), 1)
      return {
        'p50 ms': ms('p50'),
        'p95 ms': ms('p95'),
        'p99 ms': ms('p99'),
        'KiB a socket': rounded(median(idleKiB.get(contestant) ?? []), 1),
      }
    }),
  )
}

function rows<Row>(row: (contestant: Contestant) => Row): Record<string, Row> {
  return Object.fromEntries(contestants.map((contestant) => [contestant, row(contestant)]))
}
