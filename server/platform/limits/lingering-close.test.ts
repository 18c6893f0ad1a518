/** Over real sockets: how a connection ends whose request was answered before it had been read. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'

const app = await buildTestApp()
const { port } = new URL(await app.listen())
const bodyBytes = 900 * 1024

/** Sends the head alone and waits for the whole response. */
async function sendHead(path: string, contentLength: number, credential: string[] = []) {
  const socket = connect({ port: Number(port), host: 'localhost', allowHalfOpen: true })
  const failures: string[] = []
  socket.on('error', ({ code }: NodeJS.ErrnoException) => void failures.push(String(code)))
  await once(socket, 'connect')
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: localhost:8000',
    'content-type: application/json',
    ...credential,
    `content-length: ${contentLength}`,
    'connection: close',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  let response = ''
  socket.on('data', (chunk) => (response += chunk))
  await once(socket, 'end')
  return { socket, failures, status: response.slice(9, 12) }
}

const unknownKey = ['authorization: Bearer plinth_key_unknown']
const closed = (socket: Socket) =>
  new Promise<void>((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve())))

describe('a response before the body has been read, with “connection: close”', () => {
  it.each([
    ['a refused credential', '/api/v1/tasks', bodyBytes, unknownKey, '401'],
    ['a body that is too large', '/trpc/tasks.create', 2 * bodyBytes, [], '413'],
  ])('lets the client send its body to the end: %s', async (_, path, contentLength, credential, expected) => {
    const { socket, failures, status } = await sendHead(path, contentLength, credential)
    expect(status).toBe(expected)
    for (let sent = 0; sent < contentLength; sent += bodyBytes / 9) {
      socket.write(Buffer.alloc(bodyBytes / 9, 'a'))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    socket.end()
    await closed(socket)
    expect(failures).toEqual([])
  })

  it('ends the connection of a client that goes on sending and never comes to the end', async () => {
    const { socket, failures } = await sendHead('/api/v1/tasks', bodyBytes, unknownKey)
    const timer = setInterval(() => socket.write('a'), 100)
    await closed(socket)
    clearInterval(timer)
    expect(failures).toHaveLength(1)
  })
})
