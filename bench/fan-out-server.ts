/** One of the four servers, told by its parent how long to publish. Answers with how many events and how much CPU time that was. */
import { EventEmitter, on } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { initTRPC, tracked } from '@trpc/server'
import { applyWSSHandler, getWSConnectionHandler } from '@trpc/server/adapters/ws'
import { Server as SocketIoServer } from 'socket.io'
import { type WebSocket, WebSocketServer } from 'ws'
import { ChannelReader } from '../server/platform/live/channel-reader.ts'
import { HandOver } from '../server/platform/live/follow.ts'
import { HandOverSocket, objectEncoder } from '../server/platform/live/handover-socket.ts'
import { markOf, nowUs } from './marked-socket.ts'

/** About the size of a paragraph with its author. */
const event = (n: number) => ({ type: 'segment.added', seq: n, mark: markOf(nowUs()), text: 'x'.repeat(300) })

interface Contest {
  publish(from: number, size: number): void
  subscribed(): number
}

const http = createServer()
const contests: Record<string, () => Contest> = {
  raw() {
    const wss = new WebSocketServer({ server: http, perMessageDeflate: false })
    return {
      publish(from, size) {
        for (let n = from; n < from + size; n++) {
          const message = Buffer.from(JSON.stringify(event(n)))
          for (const socket of wss.clients) socket.send(message, { binary: false })
        }
      },
      subscribed: () => wss.clients.size,
    }
  },
  'socket.io'() {
    const io = new SocketIoServer(http, { transports: ['websocket'] })
    return {
      publish(from, size) {
        for (let n = from; n < from + size; n++) io.emit('event', event(n))
      },
      subscribed: () => io.of('/').sockets.size,
    }
  },
  trpc() {
    const emitter = new EventEmitter()
    emitter.setMaxListeners(0)
    const t = initTRPC.create()
    const router = t.router({
      onEvent: t.procedure.subscription(async function* ({ signal }) {
        for await (const [data] of on(emitter, 'event', { signal })) yield tracked(String(data.seq), data)
      }),
    })
    applyWSSHandler({
      wss: new WebSocketServer({ server: http, perMessageDeflate: false }),
      router,
      createContext: () => ({}),
    })
    return {
      publish(from, size) {
        for (let n = from; n < from + size; n++) emitter.emit('event', event(n))
      },
      subscribed: () => emitter.listenerCount('event'),
    }
  },
  plinth() {
    let head = 0
    const reader = new ChannelReader('bench', {
      state: async () => ({ epoch: 'e', head, floor: 0, mark: null }),
      page: async () => [],
    })
    const t = initTRPC.create()
    const router = t.router({
      onEvent: t.procedure.subscription(async function* ({ signal }) {
        await reader.open()
        const handOver = new HandOver(reader, reader.cursor)
        yield tracked('e:0', { type: 'ready' })
        yield handOver as never
        await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }))
        handOver.release()
      }),
    })
    const wss = new WebSocketServer({ server: http, perMessageDeflate: false })
    const serve = getWSConnectionHandler({
      wss,
      router,
      createContext: () => ({}),
      experimental_encoder: objectEncoder,
    } as never)
    wss.on('connection', (socket, request) =>
      serve(
        new HandOverSocket(socket, { intake: (deliver) => socket.on('message', deliver) }, () =>
          socket.close(),
        ) as unknown as WebSocket,
        request,
      ),
    )
    return {
      publish(_from, size) {
        for (let i = 0; i < size; i++) {
          head++
          reader.offer({
            channel: 'bench',
            epoch: 'e',
            seq: head,
            mark: null,
            previousMark: null,
            json: JSON.stringify(event(head)),
          })
        }
      },
      subscribed: () => [...reader.sinks].length,
    }
  },
}

const contest = (contests[process.argv[2] ?? ''] as () => Contest)()
http.listen(0, '127.0.0.1', () => process.send?.({ port: (http.address() as AddressInfo).port }))
let published = 0

/** So that a slow server's share is not one event, nor a fast one's an endless stream. */
const least = { bursts: 2 }

process.on('message', async (question: Record<string, unknown>) => {
  if (question.ask === 'heap') {
    global.gc?.()
    await turn()
    global.gc?.()
    process.send?.({ rss: process.memoryUsage().rss })
  } else if (question.ask === 'subscribed') {
    while (contest.subscribed() < Number(question.sockets)) await delay(5)
    process.send?.({})
  } else if (question.ask === 'publish') {
    const [size, budgetUs] = [Number(question.size), Number(question.cpuS) * 1e6]
    const [cpu, first] = [process.cpuUsage(), published]
    const usedUs = () => {
      const { user, system } = process.cpuUsage(cpu)
      return user + system
    }
    let waits = 0
    for (let burst = 0; burst < least.bursts || usedUs() < budgetUs; burst++) {
      contest.publish(published, size)
      published += size
      // Until the kernel has taken it all: otherwise this would measure how well a server queues.
      await turn()
      for (; pending(); waits++) await delay(1)
    }
    process.send?.({ events: published - first, cpuS: usedUs() / 1e6, waits })
  } else {
    const [events, everyMs] = [Number(question.events), Number(question.everyMs)]
    for (let n = 0; n < events; n++) {
      contest.publish(published++, 1)
      await delay(everyMs)
    }
    process.send?.({ events })
  }
})

const connections = new Set<Socket>()
http.on('connection', (socket) => {
  connections.add(socket)
  socket.once('close', () => connections.delete(socket))
})
function pending(): boolean {
  for (const socket of connections) if (socket.writableLength > 0) return true
  return false
}
