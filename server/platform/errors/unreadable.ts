/**
 * What Node's parser gives up on, or waited for in vain: there is no request yet, so no hook and no error handler. It is answered in the
 * form of plain routes all the same, and the connection ends, for where the next request would begin is anybody's guess.
 */

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionError, FastifyInstance } from 'fastify'
import type { ErrorCode } from '../../../shared/errors.ts'
import { AppError } from './app-error.ts'
import { newRequestId } from './request-id.ts'

const byCode: Record<string, ErrorCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'PAYLOAD_TOO_LARGE',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'PAYLOAD_TOO_LARGE',
}

export function answerUnreadable(this: FastifyInstance, error: ConnectionError, socket: Socket): void {
  // Whoever has gone hears nothing.
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const { status, body } = new AppError(byCode[error.code] ?? 'VALIDATION_ERROR')
  const requestId = newRequestId()
  this.log.debug({ err: error, reqId: requestId }, 'unreadable request')
  if (!socket.writable) return void socket.destroy()
  const text = JSON.stringify({ error: body, requestId })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(text)}`,
    `x-request-id: ${requestId}`,
    'cache-control: no-store',
    'connection: close',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${text}`)
  socket.destroySoon()
}
