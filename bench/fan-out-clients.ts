/**
 * N sockets that read and count. They speak WebSocket by hand and look at nothing but the marks of events, so that they
 * cost little, and the same for every server.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/** What a connection asks for: path, and the first message of its protocol. */
const protocols: Record<string, { path: string; hello: string[] }> = {
  raw: { path: '/', hello: [] },
  'socket.io': { path: '/socket.io/?EIO=4&transport=websocket', hello: ['40'] },
  trpc: { path: '/', hello: ['{"id":1,"method":"subscription","params":{"path":"onEvent","input":{}}}'] },
  plinth: { path: '/', hello: ['{"id":1,"method":"subscription","params":{"path":"onEvent","input":{}}}'] },
}
const mark = Buffer.from('MARK')
let marks = 0
let done: (() => void) | null = null
let wanted = Number.POSITIVE_INFINITY
const sockets: Socket[] = []

process.on('message', async (question: Record<string, unknown>) => {
  if (question.ask === 'connect') {
    const { path, hello } = protocols[String(question.contestant)] as { path: string; hello: string[] }
    for (let opened = 0; opened < Number(question.sockets); opened += 50) {
      const batch = Math.min(50, Number(question.sockets) - opened)
      await Promise.all(Array.from({ length: batch }, () => open(Number(question.port), path, hello)))
    }
    process.send?.({})
  } else {
    marks = 0
    wanted = Number(question.expected)
    const [cpu, began] = [process.cpuUsage(), performance.now()]
    await new Promise<void>((resolve) => {
      done = resolve
    })
    const { user, system } = process.cpuUsage(cpu)
    process.send?.({ cpuS: (user + system) / 1e6, wallS: (performance.now() - began) / 1e3 })
  }
})

async function open(port: number, path: string, hello: string[]) {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  const key = randomBytes(16).toString('base64')
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  )
  await new Promise<void>((resolve, reject) => {
    socket.once('data', () => resolve())
    socket.once('error', reject)
  })
  let tail = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    const text = tail.length > 0 ? Buffer.concat([tail, chunk]) : chunk
    for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at + 1)) marks++
    // A mark may be cut in two.
    tail = Buffer.from(text.subarray(Math.max(0, text.length - mark.length + 1)))
    if (marks >= wanted) done?.()
  })
  for (const message of hello) socket.write(maskedFrame(message))
}

function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const header =
    payload.length < 126
      ? Buffer.from([0x81, 0x80 | payload.length])
      : Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 0xff])
  // A mask of zeros changes nothing.
  return Buffer.concat([header, Buffer.alloc(4), payload])
}
