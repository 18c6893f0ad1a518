/**
 * A WebSocket by hand that looks at nothing but the marks of events, so that reading costs little, and the same whichever
 * server writes. A mark carries the moment of its event, by the machine's monotonic clock, which all processes share.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const word = Buffer.from('MARK')
const digits = 16
const markLength = word.length + digits
const pingFrame = Buffer.from('\x81\x04PING', 'latin1')

export const nowUs = (): number => Number(process.hrtime.bigint() / 1000n)

/** To be put anywhere into an event, once. */
export const markOf = (atUs: number): string => word + String(Math.round(atUs)).padStart(digits, '0')

export interface Door {
  port: number
  path: string
  headers?: Record<string, string>
  /** The first messages of its protocol. */
  hello: string[]
}

/** `onMark` is given the bytes and where in them the moment stands: who only counts need not read it. */
export type OnMark = (bytes: Buffer, at: number) => void

/** Resolves when the server has taken the upgrade, or has said `until` after it; rejects when the connection ends before that. */
export async function openMarkedSocket(door: Door, onMark: OnMark, until?: string): Promise<Socket> {
  const socket = connect(door.port, '127.0.0.1')
  const lines = [
    `GET ${door.path} HTTP/1.1`,
    'Host: localhost',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    ...Object.entries(door.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  const answer = await nextChunk(socket)
  if (!answer.includes(' 101 ')) throw new Error(`refused: ${answer.toString('latin1')}`)
  for (const message of door.hello) socket.write(maskedFrame(message))
  if (until) {
    let heard = answer.toString('latin1')
    while (!heard.includes(until)) heard += String(await nextChunk(socket))
  }

  let tail: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    const bytes = tail.length > 0 ? Buffer.concat([tail, chunk]) : chunk
    // Among events, or cut in two; twice does no harm, and never is the end of the socket.
    if (bytes.includes(pingFrame)) socket.write(maskedFrame('PONG'))
    let from = 0
    for (let at = bytes.indexOf(word); at !== -1 && at + markLength <= bytes.length; at = bytes.indexOf(word, from)) {
      onMark(bytes, at + word.length)
      from = at + markLength
    }
    // A mark may be cut in two.
    tail = Buffer.from(bytes.subarray(Math.max(from, bytes.length - markLength + 1)))
  })
  return socket
}

/** Milliseconds from the moment of a mark until now. */
export const ageMs = (bytes: Buffer, at: number): number =>
  (nowUs() - Number(bytes.toString('latin1', at, at + digits))) / 1000

/** A connection that ends instead would be waited for for ever. */
async function nextChunk(socket: Socket): Promise<Buffer> {
  const heard = new AbortController()
  const { signal } = heard
  const closed = once(socket, 'close', { signal }).then(() => {
    throw new Error('the server closed the connection before it answered')
  })
  try {
    const [chunk] = await Promise.race([once(socket, 'data', { signal }), closed])
    return chunk as Buffer
  } finally {
    heard.abort()
  }
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
