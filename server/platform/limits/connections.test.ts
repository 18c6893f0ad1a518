/** Connections that say nothing, or too little, and connections without end. */
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { until } from '../../test/until.ts'

const app = await buildTestApp({
  environment: { HEADERS_TIMEOUT: '1s', REQUEST_TIMEOUT: '2s', IDLE_TIMEOUT: '1s', MAX_CONNECTIONS: '20' },
  server: { http: { connectionsCheckingInterval: 100 } },
})
await app.listen()
const { port } = app.root.server.address() as AddressInfo
const opened: Socket[] = []
afterAll(() => {
  for (const socket of opened) socket.destroy()
})

async function open() {
  const socket = connect(port, '127.0.0.1').resume()
  opened.push(socket)
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}
const answerTo = async (socket: Socket) => {
  let answer = ''
  socket.on('data', (bytes) => {
    answer += bytes
  })
  await until('the end of the connection', () => socket.closed)
  return answer
}

it('ends a connection on which nothing was ever sent', async () => {
  const silent = await Promise.all(Array.from({ length: 5 }, open))
  await until('their end', () => silent.every(({ closed }) => closed))
})

it('ends a connection that stays silent after an answer', async () => {
  const socket = await open()
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')
  expect(await answerTo(socket)).toContain('200 OK')
})

/** Sends `head`, then `drip` again and again. A response is lost where a byte arrives as the server closes, so until one was read. */
const untilAnswered = (head: string, drip: string) =>
  until('408', async () => {
    const socket = await open()
    socket.write(head)
    const dripping = setInterval(() => socket.write(drip), 50)
    const answer = await answerTo(socket)
    clearInterval(dripping)
    return answer.includes('408 Request Timeout')
  })

it('answers a header that does not end, byte by byte, with 408', async () => {
  await untilAnswered('GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', 'x')
})

it('answers a body that does not end, byte by byte, with 408', async () => {
  const head = ['POST /api/v1/auth/login HTTP/1.1', 'Host: localhost', 'Content-Type: application/json']
  await untilAnswered([...head, 'Content-Length: 100000', '', ''].join('\r\n'), ' ')
})

it('ends connections beyond the most that may be open, and takes new ones once there is room', async () => {
  const busy = await Promise.all(Array.from({ length: 40 }, open))
  await until('the end of what is too many', () => busy.filter(({ closed }) => closed).length >= 20)
  expect(app.logs).toContainEqual(expect.objectContaining({ level: 40, maxConnections: 20 }))
  await until('the end of all of them', () => busy.every(({ closed }) => closed))
  const socket = await open()
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  expect(await answerTo(socket)).toContain('200 OK')
})
