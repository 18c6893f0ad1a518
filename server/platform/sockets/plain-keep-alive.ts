/**
 * What plain clients may say, which is `{"type":"ping"}`, and whether they are still there. Browsers cannot send a ping of the protocol's own,
 * but answer ours.
 */
import type { WebSocket } from 'ws'
import { closeCodes } from './socket-door.ts'

const maxFramesPerBeat = 100
const maxPingBytes = 100

/** Answers pings, ends whoever says too much or is silent for two beats, and lets anything else pass unheard. */
export function heed(socket: WebSocket, beatMs: number): void {
  let heard = true
  let frames = 0
  const beat = setInterval(() => {
    if (!heard) return socket.terminate()
    heard = false
    frames = 0
    socket.ping()
  }, beatMs)
  socket.once('close', () => clearInterval(beat))
  socket.on('pong', () => {
    heard = true
  })
  socket.on('message', (frame: Buffer, isBinary) => {
    heard = true
    if (socket.readyState !== socket.OPEN) return
    if (isBinary) return socket.close(closeCodes.notText, 'text only')
    if (++frames > maxFramesPerBeat) return socket.close(closeCodes.tooManyFrames, 'too many frames')
    if (isPing(frame)) socket.send('{"type":"pong"}')
  })
}

function isPing(frame: Buffer): boolean {
  if (frame.length > maxPingBytes) return false
  try {
    return JSON.parse(frame.toString()).type === 'ping'
  } catch {
    return false
  }
}
