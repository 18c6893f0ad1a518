/**
 * One event to N sockets, by four servers in turn: raw `ws` with one shared buffer, Socket.IO, tRPC as its documentation
 * has it, and Plinth's hub behind tRPC. The figure is deliveries per second of the server's own CPU time, so it does not
 * depend on how fast the clients read, as long as they do; their share of a core is printed to show it.
 *
 * node fan-out.ts [sockets …]      default 100 1000
 */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'

const contestants = ['raw', 'socket.io', 'trpc', 'plinth'] as const
type Contestant = (typeof contestants)[number]
const rounds = 3
const shapes = [
  { shape: 'single events', bursts: 300, size: 1 },
  { shape: 'bursts of 20', bursts: 30, size: 20 },
] as const

interface Figures {
  perCpuSecond: number
  clientCores: number
  idleKiB: number
}

const sizes = process.argv.slice(2).map(Number)
for (const sockets of sizes.length > 0 ? sizes : [100, 1000]) {
  const results = new Map<string, Figures[]>()
  for (let round = 0; round < rounds; round++) {
    // In turns, so that a slow moment of the machine is everybody's.
    for (const contestant of contestants) await measure(contestant, sockets, results)
  }
  print(sockets, results)
}

async function measure(contestant: Contestant, sockets: number, results: Map<string, Figures[]>) {
  const server = fork(join(import.meta.dirname, 'fan-out-server.ts'), [contestant], { execArgv: ['--expose-gc'] })
  const clients = fork(join(import.meta.dirname, 'fan-out-clients.ts'))
  try {
    const { port } = await reply<{ port: number }>(server)
    const { heap: before } = await ask<{ heap: number }>(server, { ask: 'heap' })
    await ask(clients, { ask: 'connect', contestant, port, sockets })
    await ask(server, { ask: 'subscribed', sockets })
    const { heap: after } = await ask<{ heap: number }>(server, { ask: 'heap' })
    for (const { shape, bursts, size } of shapes) {
      const expected = bursts * size * sockets
      const received = ask<{ cpuS: number; wallS: number }>(clients, { ask: 'count', expected })
      const { cpuS } = await ask<{ cpuS: number }>(server, { ask: 'publish', bursts, size })
      const client = await received
      const key = `${contestant}|${shape}`
      const figures = results.get(key) ?? []
      figures.push({
        perCpuSecond: expected / cpuS,
        clientCores: client.cpuS / client.wallS,
        idleKiB: (after - before) / 1024 / sockets,
      })
      results.set(key, figures)
    }
  } finally {
    server.kill()
    clients.kill()
  }
}

function print(sockets: number, results: Map<string, Figures[]>) {
  const median = (figures: Figures[], of: keyof Figures) =>
    figures.map((figure) => figure[of]).sort((a, b) => a - b)[Math.floor(figures.length / 2)] as number
  for (const { shape } of shapes) {
    const figure = (contestant: Contestant, of: keyof Figures) =>
      median(results.get(`${contestant}|${shape}`) ?? [], of)
    console.log(`\n${sockets} sockets, ${shape}`)
    console.table(
      Object.fromEntries(
        contestants.map((contestant) => [
          contestant,
          {
            'deliveries / CPU s': Math.round(figure(contestant, 'perCpuSecond')),
            'plinth is': `${(figure('plinth', 'perCpuSecond') / figure(contestant, 'perCpuSecond')).toFixed(2)} x`,
            'KiB a socket': Number(figure(contestant, 'idleKiB').toFixed(1)),
            'clients, cores': Number(figure(contestant, 'clientCores').toFixed(2)),
          },
        ]),
      ),
    )
  }
}

function reply<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T))
    child.once('exit', (code) => reject(new Error(`exit ${code}`)))
  })
}

function ask<T>(child: ChildProcess, question: Record<string, unknown>): Promise<T> {
  const answer = reply<T>(child)
  child.send(question)
  return answer
}
