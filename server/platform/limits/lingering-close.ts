/**
 * A response that is sent before the request has been read, such as a refusal, with `connection: close`. Node would close the socket at once, and TCP
 * answers what the client still sends with a reset, after which the client may never read the response (RFC 9112 section 9.6). So only the sending half
 * is closed, and what still arrives is read and discarded, for a bounded time.
 */
import { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'

const lingerMs = 2_000

/** An `onSend` hook. */
export async function lingerIfUnread({ raw, headers }: FastifyRequest, reply: FastifyReply): Promise<void> {
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  if (!hasBody || raw.complete) return
  const { socket } = raw
  // A request of `inject` has none.
  if (!(socket instanceof Socket)) return
  const close = socket.destroySoon.bind(socket)
  // Node calls it when it has written the last response of the connection.
  socket.destroySoon = () => {
    if (raw.complete) return close()
    const timer = setTimeout(close, lingerMs)
    socket.once('close', () => clearTimeout(timer))
    raw.once('end', close)
    socket.end()
    raw.resume()
  }
  reply.raw.once('close', () => Reflect.deleteProperty(socket, 'destroySoon'))
}
